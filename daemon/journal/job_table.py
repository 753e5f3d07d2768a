"""The table of jobs, to write: a job changes its state only as `states.py` permits, and ends its attempt with it."""

from __future__ import annotations

from daemon.files.text import storable
from daemon.journal.database import Database
from daemon.journal.outbox import Outbox
from daemon.journal.records import AttemptEnd
from daemon.journal.states import STATES_AFTER, TRANSITIONS, UNFINISHED, State, TransitionError


class JobTable:
    """The rows of jobs and of their attempts."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._db = database
        self._outbox = outbox

    def set(self, job: int, **columns: object) -> None:
        """Write columns of a job other than its state."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE jobs SET {names} WHERE id = ?", (*columns.values(), job))  # noqa: S608 (names are ours)

    def change(self, job: int, before: frozenset[State], state: State, **columns: object) -> None:
        """Change a job's state, where the present one is among some that it may be.

        Raises:
            TransitionError: the change is not allowed, or there is no such job.

        """
        allowed = [one for one in before if state in TRANSITIONS[one]]
        names = "".join(f", {name} = ?" for name in columns)
        marks = ", ".join("?" * len(allowed))
        changed = self._db.execute(
            f"UPDATE jobs SET state = ?{names} WHERE id = ? AND state IN ({marks})",  # noqa: S608 (names are ours)
            (state, *columns.values(), job, *allowed),
        )
        if changed.rowcount != 1:
            raise TransitionError(f"job {job}: {self.state(job)} cannot become {state}")

    def end(
        self, job: int, state: State, end: AttemptEnd, now: float, *, refund: bool = False, **columns: object
    ) -> None:
        """Change the state of a job that has not ended, end its attempt, and store the event for the hooks."""
        if state not in STATES_AFTER[end.outcome]:
            raise TransitionError(f"job {job}: an attempt with the outcome {end.outcome!r} leaves no job {state}")
        with self._db.transaction():
            if refund:
                self._db.execute("UPDATE jobs SET attempts = attempts - 1 WHERE id = ? AND state = 'running'", (job,))
            self.change(job, UNFINISHED, state, **columns)
            self._db.execute(
                "UPDATE attempts SET ended = ?, outcome = ?, reason = ?, signal = ? WHERE job = ? AND ended IS NULL",
                (now, end.outcome, storable(end.reason), end.signal, job),
            )
            self._outbox.add(job, state)

    def state(self, job: int) -> str | None:
        """The present state of a job; None if there is no such job."""
        row = self._db.execute("SELECT state FROM jobs WHERE id = ?", (job,)).fetchone()
        return None if row is None else str(row["state"])
