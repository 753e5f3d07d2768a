"""What people may wish for their files: that they are tried again, coloured anew, given up, or forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch

from daemon.entry import Entry, State
from daemon.journal import Journal

CANCELLED = "cancelled"
"""Why a job is skipped that somebody gave up."""


def retry(journal: Journal, pattern: str, now: float) -> list[Entry]:
    """Let failed and skipped jobs wait again."""
    return _requeue(journal, pattern, now, "failed", "skipped")


def again(journal: Journal, pattern: str, now: float) -> list[Entry]:
    """Colour anew what has been coloured, with the weights and settings of now; failed and skipped files too."""
    return _requeue(journal, pattern, now, "done", "failed", "skipped")


def cancel(journal: Journal, pattern: str, now: float) -> list[Entry]:
    """Give up jobs that wait or run; stopping the worker that has one is the caller's part."""
    chosen = list(matching(journal, pattern, "queued", "running"))
    for entry in chosen:
        journal.end(entry.id, "skipped", CANCELLED, now)
    return chosen


def forget(journal: Journal, pattern: str) -> list[Entry]:
    """Know nothing more of files, but for those that are being coloured."""
    chosen = list(matching(journal, pattern, "queued", "done", "failed", "skipped"))
    journal.forget(entry.id for entry in chosen)
    return chosen


def matching(journal: Journal, pattern: str, *states: State) -> Iterator[Entry]:
    """Jobs in these states whose file's path, path in its folder, or name fits a shell pattern."""
    for entry in journal.entries(*states):
        if is_meant(entry, pattern):
            yield entry


def is_meant(entry: Entry, pattern: str) -> bool:
    """Whether a pattern means a file."""
    return any(fnmatch(name, pattern) for name in (str(entry.source), str(entry.path), entry.path.name))


def _requeue(journal: Journal, pattern: str, now: float, *states: State) -> list[Entry]:
    chosen = list(matching(journal, pattern, *states))
    journal.requeue((entry.id for entry in chosen), now)
    return chosen
