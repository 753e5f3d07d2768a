"""What the pages read from the journal, as plain values; every function opens the journal for itself, in any thread."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.config.settings import Config
from daemon.control.control_socket import Answer
from daemon.control.status import job_facts
from daemon.journal.listing import JobFilter, JobPage, list_jobs, read_key
from daemon.journal.reader import JournalReader, opened_to_read
from daemon.journal.records import Attempt, JobRecord
from daemon.journal.states import STATES, State
from daemon.web.site.feed import Snapshot

_PATIENCE = 2.0
"""Seconds for which a page waits for a locked journal."""


@contextmanager
def reading(config: Config) -> Iterator[JournalReader]:
    """Read the journal for a moment.

    Raises:
        JournalError: it cannot be read: missing, damaged, locked, or of another version.

    """
    with opened_to_read(config.state, _PATIENCE) as journal:
        yield journal


def page_of(config: Config, wanted: JobFilter, size: int, after: str = "") -> JobPage:
    """A page of a list of jobs; `after` is the text of a key.

    Raises:
        JournalError: the journal cannot be read.

    """
    with reading(config) as journal:
        return list_jobs(journal, wanted, size, read_key(after))


def page_with_counts(config: Config, wanted: JobFilter, size: int, after: str) -> tuple[JobPage, dict[State, int]]:
    """A page of a list of jobs, and the number of all jobs in each state.

    Raises:
        JournalError: the journal cannot be read.

    """
    with reading(config) as journal:
        return list_jobs(journal, wanted, size, read_key(after)), journal.counts()


def job_at(config: Config, number: int) -> JobRecord | None:
    """The job with a number; None where there is none.

    Raises:
        JournalError: the journal cannot be read.

    """
    with reading(config) as journal:
        return journal.job(number) if number < 1 << 63 else None


def job_with_attempts(config: Config, number: int) -> tuple[JobRecord, list[Attempt]] | None:
    """A job and its attempts, the latest first; None where there is none with this number.

    Raises:
        JournalError: the journal cannot be read.

    """
    with reading(config) as journal:
        job = journal.job(number) if number < 1 << 63 else None
        return None if job is None else (job, list(journal.attempts_at(job.id)))


def facts_of(job: JobRecord) -> Answer:
    """A job as `tintd status --json` shows it, with text that any program can read."""
    return job_facts(job) | {
        "file": shown(str(job.source)),
        "output": shown(str(job.output)) if job.output and job.state == "done" else None,
    }


def running_facts(job: JobRecord, snapshot: Snapshot | None) -> Answer:
    """A running file with its progress: as the service says, else as the journal does."""
    facts = facts_of(job)
    live: Answer = next((one for one in (snapshot or {}).get("jobs", []) if one["job"] == job.id), {})
    done, frames = live.get("frames_done", job.frames_done), live.get("frames", job.frames)
    read = live.get("read") if live else job.read
    return facts | {
        "name": job.path.name,
        "folder": str(job.folder),
        "frames_done": done,
        "frames": frames,
        "fraction": min(1.0, done / frames) if frames else read,
        "read": read,
        "speed": live.get("frames_per_second"),
        "left": live.get("seconds_left"),
    }


def shown(text: str) -> str:
    """A text that may contain bytes which are not UTF-8, and control characters, as people can see it."""
    replaced = text.encode(errors="surrogateescape").decode(errors="replace")
    return "".join(one if is_visible(one) else "\N{REPLACEMENT CHARACTER}" for one in replaced)


def is_visible(character: str) -> bool:
    """Whether a character is a sign or a space of any width; macOS has narrow ones in the names of screenshots."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def states_named(text: str) -> tuple[State, ...]:
    """The states that a text names, with commas between them; all where it names none."""
    named = text.split(",")
    return tuple(state for state in STATES if state in named) or STATES
