"""Lists of jobs, page by page: each page begins behind the last job of the one before (its key), so all are as fast."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from heapq import merge
from itertools import islice
from pathlib import Path

from daemon.files.text import storable
from daemon.journal.reader import JournalReader
from daemon.journal.records import JobRecord, job_of
from daemon.journal.states import State

_WHEN = "coalesce(ended, due)"
_KEY = re.compile(r"(-?\d{1,12}(?:\.\d{1,40})?)-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class JobKey:
    """The place of a job in a list: the latest comes first."""

    when: float
    """When it ended, or is due, in seconds since the epoch."""
    job: int

    def __str__(self) -> str:
        # All digits: a time that is rounded up would put the job itself behind its key.
        return f"{Decimal(repr(self.when)):f}-{self.job}"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list has."""

    states: tuple[State, ...]
    text: str = ""
    """A part of the path in the watched folder, in capitals or not; empty: any path."""
    folder: Path | None = None
    """The watched folder; None: any."""
    since: float | None = None
    """The earliest time, in seconds since the epoch."""
    before: float | None = None
    """The first time that is too late."""


@dataclass(frozen=True, slots=True)
class JobPage:
    """A page of a list."""

    jobs: tuple[JobRecord, ...]
    next: JobKey | None
    """The key behind which the next page begins; None on the last page."""


def read_key(text: str) -> JobKey | None:
    """The key that a text gives; None where it gives none."""
    found = _KEY.fullmatch(text)
    return JobKey(float(found[1]), int(found[2])) if found else None


def list_jobs(journal: JournalReader, wanted: JobFilter, size: int, after: JobKey | None = None) -> JobPage:
    """One page of a list, the latest jobs first.

    Args:
        journal: where the jobs are.
        wanted: which of them.
        size: jobs of a page.
        after: the key of the last job on the page before; None for the first page.

    """
    lists = [_jobs_of(journal, state, wanted, size + 1, after) for state in wanted.states]
    found = tuple(islice(merge(*lists, key=lambda entry: (-entry[0].when, -entry[0].job)), size + 1))
    more = found[size - 1][0] if len(found) > size else None
    return JobPage(tuple(job for _, job in found[:size]), more)


def _jobs_of(
    journal: JournalReader, state: State, wanted: JobFilter, most: int, after: JobKey | None
) -> Iterator[tuple[JobKey, JobRecord]]:
    """The jobs in one state, in the order of an index (see `jobs_listed` in schema.py)."""
    conditions, values = ["state = ?", "NOT superseded"], list[object]([state])
    if after is not None:
        conditions.append(f"{_WHEN} <= ? AND ({_WHEN} < ? OR id < ?)")
        values += [after.when, after.when, after.job]
    if wanted.since is not None:
        conditions.append(f"{_WHEN} >= ?")
        values.append(wanted.since)
    if wanted.before is not None:
        conditions.append(f"{_WHEN} < ?")
        values.append(wanted.before)
    if wanted.folder is not None:
        conditions.append("folder = ?")
        values.append(os.fsencode(wanted.folder))
    if wanted.text:
        conditions.append("CAST(path AS TEXT) LIKE ? ESCAPE '!'")
        text = (storable(wanted.text) or "").replace("\0", "\N{REPLACEMENT CHARACTER}")  # which would end the pattern
        values.append("%" + re.sub("[%_!]", r"!\g<0>", text) + "%")
    chosen = f"SELECT id FROM jobs WHERE {' AND '.join(conditions)} ORDER BY {_WHEN} DESC, id DESC LIMIT ?"  # noqa: S608
    rows = journal.database.execute(
        f"SELECT *, {_WHEN} AS at FROM jobs WHERE id IN ({chosen}) ORDER BY at DESC, id DESC",  # noqa: S608 (ours)
        (*values, most),
    )
    for row in rows:
        yield JobKey(row["at"], row["id"]), job_of(row)
