"""What people may wish for their files: that they are tried again, coloured anew, given up, or forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatch

from colorizer.errors import TintdError
from daemon.journal.journal import Journal
from daemon.journal.records import STATES, Entry, State

CANCELLED = "cancelled"
"""Why a job is skipped that somebody gave up."""


class WishError(TintdError):
    """Something was asked for that does not exist."""


def grant(journal: Journal, wish: str, pattern: str, now: float) -> str:
    """Do what somebody wishes, in the journal.

    Returns:
        What was done, for people.

    Raises:
        WishError: there is no such wish.

    """
    match wish:
        case "retry":
            return told(retry(journal, pattern, now), "waits again", "wait again")
        case "again":
            return told(again(journal, pattern, now), "will be coloured anew", "will be coloured anew")
        case "cancel":
            return told(cancel(journal, pattern, now), "cancelled", "cancelled")
        case "forget":
            return told(forget(journal, pattern), "forgotten", "forgotten")
        case "pause":
            journal.pause(now)
            return "paused: no file is begun; `tintd resume` goes on"
        case "resume":
            journal.pause(None)
            return "files are coloured"
    raise WishError(f"{wish}: nothing that can be asked for")


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


def told(entries: list[Entry], one: str, many: str) -> str:
    """How many files something was done to."""
    return f"1 file {one}" if len(entries) == 1 else f"{len(entries)} files {many}"


def _names(entry: Entry) -> tuple[str, ...]:
    return str(entry.source), str(entry.path), entry.source.name


def _requeue(journal: Journal, pattern: str, now: float, *states: State) -> list[Entry]:
    chosen = list(matching(journal, pattern, *states))
    journal.requeue((entry.id for entry in chosen), now)
    return chosen
