"""Journals for tests: files enter them and jobs start without a service."""

from __future__ import annotations

import os
from pathlib import Path

from colorizer.photo.formats import is_named_as_photo
from daemon.files.identity import Identity
from daemon.journal.journal import Journal
from daemon.journal.records import IncomingFile, JobRecord

OLD_JOURNAL = Path(__file__).parent / "journal-0.1.sqlite3"
"""A journal that version 0.1 made: a job in each state, attempts, events for hooks, a pause."""


def enter(
    journal: Journal, source: Path, folder: Path, identity: Identity | None = None, *, content: str = "", now: float = 0
) -> str:
    """Enter a file that need not exist; its content is its name unless another is given."""
    path = source.relative_to(folder)
    fingerprint = content or os.fsencode(path).hex()
    is_film = not is_named_as_photo(path)
    return journal.add(IncomingFile(folder, path, identity or Identity(1, 1, 1), fingerprint, is_film), now)


def start(journal: Journal, now: float = 1) -> JobRecord | None:
    """Start the job that has been due for longest, if one is due."""
    waiting = sorted((job.due, job.id, job) for job in journal.jobs("waiting", "held"))
    due = [job for when, _, job in waiting if when <= now]
    return journal.start(due[0], "7 (cpu)", now) if due else None


def started(journal: Journal, now: float = 1) -> JobRecord:
    """Start the job that has been due for longest."""
    job = start(journal, now)
    assert job is not None
    return job
