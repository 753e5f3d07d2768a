"""What people may wish for their files: that they are tried again, coloured anew, given up, or forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from colorizer.errors import TintdError
from daemon.entry import Entry, State
from daemon.journal import Journal

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
    """Jobs in these states whose file's path, path in its folder, or name fits a shell pattern."""
    for entry in journal.entries(*states):
        if is_named(entry.source, pattern) or fnmatch(str(entry.path), pattern):
            yield entry


def is_named(source: Path, pattern: str) -> bool:
    """Whether a shell pattern means a file, by its path or its name."""
    return fnmatch(str(source), pattern) or fnmatch(source.name, pattern)


def told(entries: list[Entry], one: str, many: str) -> str:
    """How many files something was done to."""
    return f"1 file {one}" if len(entries) == 1 else f"{len(entries)} files {many}"


def _requeue(journal: Journal, pattern: str, now: float, *states: State) -> list[Entry]:
    chosen = list(matching(journal, pattern, *states))
    journal.requeue((entry.id for entry in chosen), now)
    return chosen
