"""The journal's maintenance: old jobs are deleted, and times that a jumping clock made wrong are corrected."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Config
from daemon.files.identity import exists
from daemon.files.mounts import is_present
from daemon.journal.schema import PENDING

_DAY = 86_400.0
_STEP = 500
"""The number of jobs that one call looks at."""


def correct_due_times(database: sqlite3.Connection, now: float, longest: float) -> int:
    """Let jobs be due that would wait longer than any delay lasts: the clock has jumped back.

    Returns:
        The number of these jobs.

    """
    found = database.execute(
        f"UPDATE jobs SET due = ? WHERE {PENDING} AND due > ?",  # noqa: S608 (ours)
        (now, now + longest),
    )
    return found.rowcount


class Pruning:
    """Deletes old jobs whose originals are gone for good; one whose file still lies there is never deleted."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._questions = DiskQuestions()
        self._last = 0

    def step(self, database: sqlite3.Connection, now: float) -> int:
        """Look at the next few jobs, after the last at the first again; returns how many were deleted."""
        before = now - self._config.work.history_days * _DAY
        rows = database.execute(
            "SELECT id, folder, path, superseded FROM jobs WHERE id > ? AND state <> 'running' AND"
            " (superseded AND coalesce(ended, found) < ?"
            " OR state IN ('done', 'failed', 'skipped') AND ended < ?) ORDER BY id LIMIT ?",
            (self._last, before, before, _STEP),
        ).fetchall()
        self._last = rows[-1][0] if len(rows) == _STEP else 0
        present = {os.fsencode(folder.input) for folder in self._config.folders if self._is_present(folder.input)}
        gone = [
            (job,)
            for job, folder, path, superseded in rows
            if superseded or (folder in present and not exists(Path(os.fsdecode(folder), os.fsdecode(path))))
        ]
        if gone:
            database.executemany("DELETE FROM jobs WHERE id = ?", gone)
        return len(gone)

    def _is_present(self, place: Path) -> bool:
        """Whether a watched folder is known to be there: nothing is known of one whose disk does not answer."""
        return self._questions.says_yes(place, lambda: is_present(place))
