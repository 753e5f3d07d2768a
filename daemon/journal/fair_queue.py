"""The fair queue: which of the waiting jobs comes next, fairly between the watched folders."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from daemon.config.settings import Folder
from daemon.journal.records import JobRecord, job_of
from daemon.journal.schema import PENDING

Order = Literal["oldest", "smallest", "photos"]

_ORDERS: dict[Order, tuple[str, str]] = {
    "oldest": ("jobs_by_age", "due, id"),
    "smallest": ("jobs_by_size", "size, id"),
    "photos": ("jobs_by_kind", "film, due, id"),
}
"""The index and the columns of each order: the next job is found as fast however many wait."""


class FairQueue:
    """Folders take turns, those of higher priority first; within a folder, jobs come in the configured order.

    A job that a person moved to the front comes before all others.
    """

    def __init__(self, folders: Iterable[Folder], order: Order) -> None:
        """Begin with the first folder."""
        self._priorities = {folder.input: folder.priority for folder in folders}
        self._last_turns = dict.fromkeys(self._priorities, 0)
        self._turn = 0
        self._index, self._columns = _ORDERS[order]

    def next(self, database: sqlite3.Connection, now: float, closed: frozenset[Path] = frozenset()) -> JobRecord | None:
        """The job that comes next, or None where none is due. It stays the next one until its folder was served.

        Args:
            database: the journal's.
            now: seconds since the epoch.
            closed: watched folders whose jobs cannot be done at present.

        """
        first = self._moved_to_front(database, now, closed)
        if first is not None:
            return first
        for folder in sorted(self._last_turns, key=lambda one: (-self._priorities[one], self._last_turns[one])):
            job = None if folder in closed else self._first(database, folder, now)
            if job is not None:
                return job
        return self._of_other_folders(database, now)

    def served(self, folder: Path) -> None:
        """Note that a job of a folder was started: it is the turn of the others."""
        if folder in self._last_turns:
            self._turn += 1
            self._last_turns[folder] = self._turn

    def _moved_to_front(self, database: sqlite3.Connection, now: float, closed: frozenset[Path]) -> JobRecord | None:
        """The job that a person moved to the front last, if its folder is open."""
        rows = database.execute(
            f"SELECT * FROM jobs INDEXED BY jobs_front WHERE front IS NOT NULL AND {PENDING} AND due <= ?"  # noqa: S608 (ours)
            " ORDER BY front DESC",
            (now,),
        )
        jobs = map(job_of, rows)
        return next((job for job in jobs if job.folder in self._priorities and job.folder not in closed), None)

    def _first(self, database: sqlite3.Connection, folder: Path, now: float) -> JobRecord | None:
        row = database.execute(
            f"SELECT * FROM jobs INDEXED BY {self._index} WHERE {PENDING}"  # noqa: S608 (ours)
            f" AND folder = ? AND due <= ? ORDER BY {self._columns} LIMIT 1",
            (os.fsencode(folder), now),
        ).fetchone()
        return None if row is None else job_of(row)

    def _of_other_folders(self, database: sqlite3.Connection, now: float) -> JobRecord | None:
        """A job of a folder that is no longer watched."""
        marks = ", ".join("?" * len(self._last_turns))
        row = database.execute(
            f"SELECT * FROM jobs WHERE {PENDING} AND due <= ? AND folder NOT IN ({marks}) LIMIT 1",  # noqa: S608 (ours)
            (now, *map(os.fsencode, self._last_turns)),
        ).fetchone()
        return None if row is None else job_of(row)
