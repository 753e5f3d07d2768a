"""Every attempt at every job: when, by which worker, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.files.text import legible
from daemon.journal.database import Database

Outcome = Literal[
    "done", "failed", "skipped", "crashed", "stopped", "held", "put back", "cancelled", "superseded", "interrupted"
]
"""crashed: the worker died of it; stopped: it went beyond a limit; held: for no fault of the file; interrupted: the
service ended."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a job, as it is remembered."""

    job: int
    source: Path
    number: int
    """Of this attempt among the job's."""
    begun: float
    ended: float | None
    worker: str
    outcome: Outcome | None
    """None while it goes on."""
    reason: str | None
    signal: str | None
    """That ended the worker, where one did."""


class Attempts:
    """The attempts in a journal's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, job: int, number: int, worker: str, now: float) -> None:
        """Note that a worker begins a job."""
        self._db.execute(
            "INSERT INTO attempts (job, number, begun, worker) VALUES (?, ?, ?, ?)", (job, number, now, worker)
        )

    def end(self, job: int, outcome: Outcome, now: float, reason: str | None = None, signal: str | None = None) -> None:
        """Note what became of the attempt that goes on."""
        self._db.execute(
            "UPDATE attempts SET ended = ?, outcome = ?, reason = ?, signal = ? WHERE job = ? AND ended IS NULL",
            (now, outcome, legible(reason), signal, job),
        )

    def interrupt(self, now: float) -> None:
        """Note that a service has ended in the middle of what still goes on."""
        self._db.execute("UPDATE attempts SET ended = ?, outcome = 'interrupted' WHERE ended IS NULL", (now,))

    def latest(self) -> Iterator[Attempt]:
        """All attempts, the latest first."""
        rows = self._db.execute(
            "SELECT attempts.*, folder, path FROM attempts JOIN jobs ON jobs.id = attempts.job"
            " ORDER BY attempts.id DESC"
        )
        for row in rows:
            yield Attempt(
                job=row["job"],
                source=Path(os.fsdecode(row["folder"])) / os.fsdecode(row["path"]),
                number=row["number"],
                begun=row["begun"],
                ended=row["ended"],
                worker=row["worker"],
                outcome=row["outcome"],
                reason=row["reason"],
                signal=row["signal"],
            )
