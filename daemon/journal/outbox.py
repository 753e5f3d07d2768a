"""The outbox: events for the hooks, stored in the transaction that ends their job, until they are delivered.

A crash between the end of a job and its event is therefore impossible, and an event leaves the outbox only after it was
delivered: a crash during delivery means that it is delivered again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.journal.database import Database
from daemon.journal.states import State

LONGEST_WAIT = 3600.0
"""The most seconds between two deliveries of an event."""
_FIRST_WAIT = 10.0
"""Seconds between the first delivery of an event, if it fails, and the second."""


@dataclass(frozen=True, slots=True)
class HookEvent:
    """The end of a job, as hooks are told of it."""

    id: int
    """The event's number: the same at each delivery."""
    job: int
    state: Literal["done", "failed", "skipped"]
    file: str
    output: str | None
    reason: str | None
    attempts: int
    ended: float
    """The time in seconds since the epoch."""


class Outbox:
    """The events that are not delivered yet."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._states: frozenset[State] = frozenset()

    def subscribe(self, states: Iterable[State]) -> None:
        """From now on, store an event for each job that comes to one of these states."""
        self._states = frozenset(states)

    def add(self, job: int, state: State) -> None:
        """Store the event of a job that has just come to a state, if there is a hook for it."""
        if state not in self._states:
            return
        self._db.execute(
            "INSERT INTO outbox (job, state, folder, path, output, reason, attempts, ended)"
            " SELECT id, state, folder, path, CASE state WHEN 'done' THEN output END, reason, attempts, ended"
            " FROM jobs WHERE id = ?",
            (job,),
        )

    def next(self, now: float) -> HookEvent | None:
        """The event that is due first; one that is due later than any can be is due too: the clock jumped back."""
        row = self._db.execute(
            "SELECT * FROM outbox WHERE due <= ? OR due > ? ORDER BY due, id LIMIT 1", (now, now + LONGEST_WAIT)
        ).fetchone()
        return None if row is None else _event_of(row)

    def next_due(self) -> float | None:
        """The time at which the next event is due, in seconds since the epoch; None where there is none."""
        due: float | None = self._db.execute("SELECT min(due) FROM outbox").fetchone()[0]
        return due

    def remove(self, event: HookEvent) -> None:
        """Forget an event that was delivered."""
        self._db.execute("DELETE FROM outbox WHERE id = ?", (event.id,))

    def postpone(self, event: HookEvent, now: float) -> float:
        """Let an event whose delivery failed wait, each time twice as long as before; returns the seconds."""
        tries = int(self._db.execute("SELECT tries FROM outbox WHERE id = ?", (event.id,)).fetchone()[0])
        wait = min(LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries, 20))
        self._db.execute("UPDATE outbox SET tries = ?, due = ? WHERE id = ?", (tries + 1, now + wait, event.id))
        return wait


def _event_of(row: sqlite3.Row) -> HookEvent:
    return HookEvent(
        id=row["id"],
        job=row["job"],
        state=row["state"],
        file=str(Path(os.fsdecode(row["folder"])) / os.fsdecode(row["path"])),
        output=None if row["output"] is None else os.fsdecode(row["output"]),
        reason=row["reason"],
        attempts=row["attempts"],
        ended=row["ended"],
    )
