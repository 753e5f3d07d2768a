"""Recovery: what was interrupted, by a crash or a journal that could not be written, is ended or put back."""

from __future__ import annotations

from daemon.config.settings import Config
from daemon.files.identity import identify
from daemon.jobs.delivery import find_moved, remove_stale
from daemon.jobs.retries import after_interruption
from daemon.journal.journal import Journal
from daemon.watch.file_filter import DONE


def take_up(journal: Journal, config: Config, now: float, *, refund: bool) -> None:
    """Bring jobs to an end whose results were published, and put the others back; find originals that were moved.

    Args:
        journal: of a service that does nothing at present.
        config: where notes of failures lie.
        now: seconds since the epoch.
        refund: whether the interrupted attempts do not count.

    """
    for entry, result in journal.interrupted():
        if result is not None and identify(result.path) == result.identity:  # an earlier one has another inode
            folder = config.folder_at(entry.folder)
            if folder is not None:
                remove_stale(entry, result.path, folder, journal)
            journal.finish(entry.id, now)
        else:
            due = now if refund else after_interruption(entry.attempts, now, config)
            told = f"the service ended while it was coloured (attempt {entry.attempts})"
            journal.interrupt(entry.id, entry.reason if due == now else told, due, now, refund=refund)
    for folder in config.folders:
        for entry in journal.done_outside(folder.input, DONE) if folder.original == "move" else ():
            find_moved(entry, folder, journal)
