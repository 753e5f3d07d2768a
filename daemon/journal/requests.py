"""What people may request for their files: another attempt, new colours, an end, or that tintd forgets them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from fnmatch import translate

from daemon.config.colour_choice import ColourChoice
from daemon.files.identity import Result, identify
from daemon.journal.journal import Journal
from daemon.journal.reader import JournalReader
from daemon.journal.states import State

_NUMBERS = re.compile(r"id:(\d{1,18}(?:,\d{1,18})*)", re.ASCII)
"""The pattern of jobs that are meant by their numbers."""
CANCELLED = "cancelled"
"""The reason of a job that a person gave up."""


def retry(journal: Journal, pattern: str, now: float) -> list[int]:
    """Let failed and skipped jobs wait again."""
    return _requeue(journal, pattern, now, "failed", "skipped")


def recolor(journal: Journal, pattern: str, now: float, choice: ColourChoice | None = None) -> list[int]:
    """Colour finished files again, with the present weights and settings, or those chosen; failed and skipped too."""
    kept = None if choice is None else choice.model_dump_json(exclude_none=True)
    with journal.together():
        chosen = _requeue(journal, pattern, now, "done", "failed", "skipped")
        for job in chosen:
            journal.choose(job, kept)
    return chosen


def look(journal: JournalReader, pattern: str) -> dict[int, Result]:
    """Look at the files that were found under the names of results, by the jobs; a share may take long to answer."""
    chosen = select(journal, pattern, "skipped")
    found = [(job, identify(job.existing)) for job in map(journal.job, chosen) if job and job.existing]
    return {job.id: Result(job.existing, identity) for job, identity in found if job.existing and identity}


def adopt(journal: Journal, found: Mapping[int, Result], now: float) -> list[int]:
    """Take what `look` has found as the results of jobs, as far as these are still skipped."""
    with journal.together():
        jobs = [job for job in map(journal.job, found) if job and job.state == "skipped"]
        for job in jobs:
            journal.adopt(job.id, found[job.id], ("adopted by a person",), now)
    return [job.id for job in jobs]


def cancel(journal: Journal, pattern: str, now: float) -> list[int]:
    """Give up jobs that wait or run; the caller stops the worker that has one."""
    chosen = select(journal, pattern, "waiting", "held", "running")
    with journal.together():
        for job in chosen:
            journal.cancel(job, CANCELLED, now)
    return chosen


def move_to_front(journal: Journal, pattern: str, now: float) -> list[int]:
    """Let waiting jobs come before all others."""
    chosen = select(journal, pattern, "waiting", "held")
    journal.move_to_front(chosen, now)
    return chosen


def forget(journal: Journal, pattern: str) -> list[int]:
    """Delete jobs, except those that run."""
    chosen = select(journal, pattern, "waiting", "held", "done", "failed", "skipped")
    journal.forget(chosen)
    return chosen


def select(journal: JournalReader, pattern: str, *states: State) -> list[int]:
    """The jobs in these states that a pattern means: by number, or by their file's path, path in its folder or name."""
    numbered = _NUMBERS.fullmatch(pattern)
    if numbered:
        jobs = (journal.job(int(number)) for number in numbered[1].split(","))
        return [job.id for job in jobs if job is not None and job.state in states]
    named = _named(journal, pattern)
    if named:
        return [job for job, state in named if state in states]
    if pattern == "*":
        return [job for job, _, _ in journal.paths(*states)]
    is_match = re.compile(translate(pattern)).match
    return [
        job
        for job, folder, path in journal.paths(*states)
        if is_match(path) or is_match(os.path.join(folder, path)) or is_match(path.rpartition("/")[2])  # noqa: PTH118
    ]


def name_filter(journal: JournalReader, pattern: str) -> Callable[[str], bool]:
    """How a pattern is read: as a name, where the journal knows a file with it, else as a shell pattern.

    `scan [1].jpg` is a file's name, and as a pattern it would mean `scan 1.jpg`.

    Returns:
        Whether a path or a name is meant.

    """
    if _named(journal, pattern):
        return lambda name: name == pattern
    is_match = re.compile(translate(pattern)).match
    return lambda name: is_match(name) is not None


def _named(journal: JournalReader, name: str) -> list[tuple[int, State]]:
    """The jobs, in any state, whose path, path in its folder or name is this very text."""
    found = journal.named(name.rpartition("/")[2])
    return [(job, state) for job, state, folder, path in found if name in {str(folder / path), str(path), path.name}]


def _requeue(journal: Journal, pattern: str, now: float, *states: State) -> list[int]:
    chosen = select(journal, pattern, *states)
    journal.requeue(chosen, now)
    return chosen
