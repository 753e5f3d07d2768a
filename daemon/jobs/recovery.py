"""Recovery: jobs that a crash or an unwritable journal interrupted end, or wait again."""

from __future__ import annotations

from contextlib import suppress

from colorizer.originals import is_frames_folder
from daemon.config.settings import Config
from daemon.files.exchange import put_back
from daemon.files.identity import Result, Seen, has_its_name, identify
from daemon.jobs.delivery import find_moved, remove_stale
from daemon.jobs.retries import after_interruption
from daemon.jobs.workspace import work_path
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord
from daemon.watch.file_filter import DONE


def recover(journal: Journal, config: Config, now: float, *, counts: bool) -> None:
    """End interrupted jobs whose results were published, let the others wait again, and find originals that were moved.

    Args:
        journal: the journal of a service that does nothing at present.
        config: the watched folders.
        now: seconds since the epoch.
        counts: whether the interruptions count: the service has ended, and some job may be the reason.

    """
    for job, result in journal.interrupted():
        if result is not None and _is_published(result):
            folder = config.folder_at(job.folder)
            if folder is not None:
                remove_stale(job, result.path, folder, journal, Seen())
            journal.finish(job.id, now)
        else:
            _put_earlier_back(job, config, journal)
            due = after_interruption(job.interruptions + 1, now, config) if counts else now
            reason = f"the service ended while it was coloured ({job.interruptions + 1} times)"
            journal.interrupt(job.id, job.reason if due == now else reason, due, now, counts=counts)
    for folder in config.folders:
        for job in journal.done_outside(folder.input, DONE) if folder.original == "move" else ():
            find_moved(job, folder, journal)


def _is_published(result: Result) -> bool:
    """Whether a result that was announced has its name; an earlier one has another inode."""
    return has_its_name(result) if is_frames_folder(result.path) else identify(result.path) == result.identity


def _put_earlier_back(job: JobRecord, config: Config, journal: Journal) -> None:
    """Give an earlier result its name again, which the service had just taken from it when it ended."""
    folder = config.folder_at(job.folder)
    if folder is not None:
        with suppress(OSError):  # its disk is away: the next attempt does it
            put_back(work_path(job, folder, journal.id))
