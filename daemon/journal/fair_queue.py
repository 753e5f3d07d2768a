"""Whose turn it is: which of the waiting jobs comes next, fairly between the watched folders."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from daemon.config.settings import Folder

Order = Literal["oldest", "smallest", "photos"]

MIGRATION = """
    ALTER TABLE jobs ADD COLUMN film INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX jobs_by_age ON jobs (folder, due, id) WHERE state = 'queued' AND NOT superseded;
    CREATE INDEX jobs_by_size ON jobs (folder, size, id) WHERE state = 'queued' AND NOT superseded;
    CREATE INDEX jobs_by_kind ON jobs (folder, film, due, id) WHERE state = 'queued' AND NOT superseded;
"""
"""What the journal needs so that a turn costs the same however many jobs wait."""

_ORDERS: dict[Order, tuple[str, str]] = {
    "oldest": ("jobs_by_age", "due, id"),
    "smallest": ("jobs_by_size", "size, id"),
    "photos": ("jobs_by_kind", "film, due, id"),
}
"""The index and the columns of each."""


class Turns:
    """Folders take turns, those of higher priority first; within a folder, jobs come in the configured order."""

    def __init__(self, folders: Iterable[Folder], order: Order) -> None:
        """Begin with the folder that stands first."""
        self._priorities = {folder.input: folder.priority for folder in folders}
        self._served = dict.fromkeys(self._priorities, 0)
        self._turn = 0
        self._index, self._columns = _ORDERS[order]

    def next(self, database: sqlite3.Connection, now: float, closed: frozenset[Path] = frozenset()) -> int | None:
        """The id of the job that comes next, or None where none is due.

        Args:
            database: the journal's.
            now: seconds since the epoch.
            closed: watched folders whose jobs cannot be done at present.

        """
        for folder in sorted(self._served, key=lambda one: (-self._priorities[one], self._served[one])):
            job = None if folder in closed else self._first(database, folder, now)
            if job is not None:
                self._turn += 1
                self._served[folder] = self._turn
                return job
        return self._stray(database, now)

    def _first(self, database: sqlite3.Connection, folder: Path, now: float) -> int | None:
        row = database.execute(
            f"SELECT id FROM jobs INDEXED BY {self._index} WHERE state = 'queued' AND NOT superseded"  # noqa: S608
            f" AND folder = ? AND due <= ? ORDER BY {self._columns} LIMIT 1",
            (os.fsencode(folder), now),
        ).fetchone()
        return None if row is None else int(row[0])

    def _stray(self, database: sqlite3.Connection, now: float) -> int | None:
        """A job of a folder that is no longer watched."""
        marks = ", ".join("?" * len(self._served))
        row = database.execute(
            "SELECT id FROM jobs WHERE state = 'queued' AND NOT superseded AND due <= ?"  # noqa: S608
            f" AND folder NOT IN ({marks}) LIMIT 1",
            (now, *map(os.fsencode, self._served)),
        ).fetchone()
        return None if row is None else int(row[0])
