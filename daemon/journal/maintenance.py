"""The journal's upkeep: what is of no more use goes, and dates that a jumping clock made wrong are mended."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from daemon.config.settings import Config
from daemon.files.mounts import is_present

_DAY = 86_400.0
_AT_ONCE = 500
"""Jobs that are looked at in one go."""


def mend_dates(database: sqlite3.Connection, now: float, longest: float) -> int:
    """Let jobs be due that wait longer than any delay lasts: the clock has jumped back since they were put off.

    Returns:
        How many.

    """
    found = database.execute(
        "UPDATE jobs SET due = ? WHERE state = 'queued' AND NOT superseded AND due > ?", (now, now + longest)
    )
    return found.rowcount


class Pruning:
    """Forgets old jobs whose originals are gone for good; one whose file still lies there is never forgotten."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen = 0

    def go_on(self, database: sqlite3.Connection, now: float) -> int:
        """Look at the next few jobs, from the first again after the last; returns how many were forgotten."""
        before = now - self._config.work.history_days * _DAY
        rows = database.execute(
            "SELECT id, folder, path, superseded FROM jobs WHERE id > ? AND"
            " (superseded AND coalesce(ended, found) < ?"
            " OR state IN ('done', 'failed', 'skipped') AND ended < ?) ORDER BY id LIMIT ?",
            (self._seen, before, before, _AT_ONCE),
        ).fetchall()
        self._seen = rows[-1][0] if len(rows) == _AT_ONCE else 0
        present = {os.fsencode(folder.input) for folder in self._config.folders if is_present(folder.input)}
        gone = [
            (job,)
            for job, folder, path, superseded in rows
            if superseded or (folder in present and not os.path.lexists(Path(os.fsdecode(folder), os.fsdecode(path))))
        ]
        if gone:
            database.executemany("DELETE FROM jobs WHERE id = ?", gone)
        return len(gone)
