"""Recovery: what was interrupted, by a crash or a journal that could not be written, is ended or put back."""

from __future__ import annotations

from daemon.delivery import lies_there
from daemon.journal import Journal


def take_up(journal: Journal, now: float, *, refund: bool) -> None:
    """Bring jobs to an end whose results were published, and put the others back.

    Args:
        journal: of a service that does nothing at present.
        now: seconds since the epoch.
        refund: whether the interrupted attempts do not count.

    """
    for entry, result in journal.interrupted():
        if result is not None and lies_there(result):
            journal.finish(entry.id, now, 0.0, (entry.settings or "", entry.weights or ""), ())
            journal.attempts.end(entry.id, "done", now)
        else:
            journal.put_back(entry.id, now, entry.reason, refund=refund)
    journal.attempts.interrupt(now)
