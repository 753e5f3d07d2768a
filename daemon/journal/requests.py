"""Requests of people for their files: to try them again, colour them again, give them up, or forget them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch

from daemon.journal.journal import Journal
from daemon.journal.records import STATES, Entry, State

CANCELLED = "cancelled"
"""Why a job is skipped that somebody gave up."""


def retry(journal: Journal, pattern: str, now: float) -> list[Entry]:
    """Let failed and skipped jobs wait again."""
    return _requeue(journal, pattern, now, "failed", "skipped")


def recolor(journal: Journal, pattern: str, now: float) -> list[Entry]:
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
    """Jobs in these states whose file is meant: by its path, its path in its folder, or its name."""
    means = reading_of(journal, pattern)
    return (entry for entry in journal.entries(*states) if any(map(means, _names(entry))))


def reading_of(journal: Journal, pattern: str) -> Callable[[str], bool]:
    """How a pattern is read: as a name, where the journal knows a file that is called so, else as a shell pattern.

    `scan [1].jpg` is a file's name, and as a pattern it would mean `scan 1.jpg`.

    Returns:
        Whether a path or a name is meant.

    """
    if any(pattern in _names(entry) for entry in journal.entries(*STATES)):
        return lambda name: name == pattern
    return lambda name: fnmatch(name, pattern)


def _names(entry: Entry) -> tuple[str, ...]:
    return str(entry.source), str(entry.path), entry.source.name


def _requeue(journal: Journal, pattern: str, now: float, *states: State) -> list[Entry]:
    chosen = list(matching(journal, pattern, *states))
    journal.requeue((entry.id for entry in chosen), now)
    return chosen
