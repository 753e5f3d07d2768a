"""Questions to the journal: they change nothing, so that any process may ask while the service works."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from daemon.files.identity import Result
from daemon.journal.database import Database, usable
from daemon.journal.records import Attempt, JobRecord, attempt_of, job_of, result_of
from daemon.journal.schema import PENDING
from daemon.journal.states import STATES, UNFINISHED, State

NAME = "journal.sqlite3"
"""The name of the database in the state folder."""
SIMILAR_FILES = 20
"""The most files of the same content that are compared: a flood of copies costs no more than one of different files."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What is known of one file. Times are in seconds since the epoch."""

    file: Path
    state: State
    reason: str | None
    output: Path | None
    notes: tuple[str, ...]
    found: float
    ended: float | None
    seconds: float | None
    """How long the last attempt took."""
    attempts: int


class JournalReader:
    """The journal of a service, to read."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.id: str = self._db.execute("SELECT id FROM journal").fetchone()["id"]

    @property
    def database(self) -> sqlite3.Connection:
        """The connection, for statements that belong to the journal's transactions."""
        return self._db.connection

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def job(self, number: int) -> JobRecord | None:
        """The job with a number, unless its file has changed."""
        row = self._db.execute("SELECT * FROM jobs WHERE id = ? AND NOT superseded", (number,)).fetchone()
        return job_of(row) if row else None

    def find(self, source: Path, folder: Path) -> JobRecord | None:
        """The job of the file at a path, as the file was when it was last seen."""
        row = self._row_at(folder, source.relative_to(folder))
        return job_of(row) if row else None

    def jobs(self, *states: State, most: int | None = None) -> Iterator[JobRecord]:
        """The jobs in these states, the latest first: all of them, or at most so many."""
        marks = ", ".join("?" * len(states))
        rows = self._db.execute(
            f"SELECT * FROM jobs WHERE state IN ({marks}) AND NOT superseded"  # noqa: S608 (marks are question marks)
            " ORDER BY coalesce(ended, due) DESC, id DESC LIMIT ?",
            (*states, -1 if most is None else most),
        )
        return map(job_of, rows)

    def named(self, name: str) -> Iterator[tuple[int, State, Path, Path]]:
        """Number, state, folder and path of the jobs whose file has a name."""
        rows = self._db.execute(
            "SELECT id, state, folder, path FROM jobs WHERE name = ? AND NOT superseded", (os.fsencode(name),)
        )
        for row in rows:
            yield row["id"], row["state"], Path(os.fsdecode(row["folder"])), Path(os.fsdecode(row["path"]))

    def superseded_films(self, jobs: Collection[int]) -> list[int]:
        """Those of some jobs that are films, and whose paths hold other files now."""
        marks = ", ".join("?" * len(jobs))
        wanted = f"id IN ({marks}) AND film AND superseded"
        rows = self._db.execute(f"SELECT id FROM jobs WHERE {wanted}", tuple(jobs))  # noqa: S608 (likewise)
        return [row["id"] for row in rows]

    def paths(self, *states: State) -> Iterator[tuple[int, str, str]]:
        """Number, folder and path of the jobs in these states."""
        marks = ", ".join("?" * len(states))
        rows = self._db.execute(
            f"SELECT id, folder, path FROM jobs WHERE state IN ({marks}) AND NOT superseded",  # noqa: S608 (likewise)
            states,
        )
        for row in rows:
            yield row["id"], os.fsdecode(row["folder"]), os.fsdecode(row["path"])

    def counts(self) -> dict[State, int]:
        """The number of jobs in each state."""
        counted: dict[State, int] = dict.fromkeys(STATES, 0)
        rows = self._db.execute("SELECT state, count(*) AS jobs FROM jobs WHERE NOT superseded GROUP BY state")
        return counted | {row["state"]: row["jobs"] for row in rows}

    def attempts(self) -> Iterator[Attempt]:
        """All attempts, the latest first."""
        rows = self._db.execute(
            "SELECT attempts.*, folder, path FROM attempts JOIN jobs ON jobs.id = attempts.job"
            " ORDER BY attempts.id DESC"
        )
        return map(attempt_of, rows)

    def attempts_at(self, job: int) -> Iterator[Attempt]:
        """The attempts at one job, the latest first."""
        rows = self._db.execute(
            "SELECT attempts.*, folder, path FROM attempts JOIN jobs ON jobs.id = attempts.job WHERE job = ?"
            " ORDER BY attempts.id DESC",
            (job,),
        )
        return map(attempt_of, rows)

    def pending_by_folder(self) -> list[tuple[Path, int]]:
        """The watched folders of the jobs that wait, and how many there are in each."""
        rows = self._db.execute(
            f"SELECT folder, count(*) AS jobs FROM jobs INDEXED BY jobs_by_age WHERE {PENDING}"  # noqa: S608 (ours)
            " GROUP BY folder"
        )
        return [(Path(os.fsdecode(row["folder"])), row["jobs"]) for row in rows]

    def report(self) -> Iterator[ReportRow]:
        """All files, in the order of their paths."""
        for row in self._db.execute("SELECT * FROM jobs WHERE NOT superseded ORDER BY folder, path"):
            job = job_of(row)
            result = job.output if job.state == "done" else None
            yield ReportRow(
                job.source,
                job.state,
                job.reason,
                result,
                job.notes,
                row["found"],
                row["ended"],
                job.seconds,
                job.attempts,
            )

    def next_due(self) -> float | None:
        """The time at which the next job may start, in seconds since the epoch; None where none waits."""
        row = self._db.execute(
            f"SELECT due FROM jobs INDEXED BY jobs_by_due WHERE {PENDING} ORDER BY due LIMIT 1"  # noqa: S608 (ours)
        ).fetchone()
        return None if row is None else float(row["due"])

    @property
    def paused(self) -> float | None:
        """The time since which a person has paused the service; None where nobody has, or the pause has ended."""
        return self.pause_by_person[0]

    @property
    def pause_by_person(self) -> tuple[float | None, float | None]:
        """That time, and the one at which the pause ends by itself; None where it does not."""
        since, until = self._db.execute("SELECT paused, paused_until FROM journal").fetchone()
        return None if until is not None and until <= time.time() else since, until

    def similar(self, job: int) -> Iterator[JobRecord]:
        """Other jobs, done or running, whose files seem to have the same content; none where the job has ended before.

        The done ones come first, and of these the oldest.

        """
        for state in ("done", "running"):
            rows = self._db.execute(
                "SELECT others.* FROM jobs JOIN jobs AS others USING (fingerprint) WHERE jobs.id = ?"
                " AND jobs.ended IS NULL AND others.id <> jobs.id AND others.state = ? AND NOT others.superseded"
                " ORDER BY others.id LIMIT ?",
                (job, state, SIMILAR_FILES),
            )
            yield from map(job_of, rows.fetchall())

    def results_at(self, path: Path) -> list[tuple[JobRecord, Result]]:
        """The results that may lie at a path, announced or published, each with its job; the latest job's first."""
        rows = self._db.execute(
            "SELECT * FROM jobs WHERE id IN (SELECT max(id) FROM jobs WHERE output = :path"
            " UNION SELECT max(id) FROM jobs WHERE coming = :path) ORDER BY id DESC",
            {"path": os.fsencode(path)},
        )
        found = [(job_of(row), result_of(row, which)) for row in rows for which in ("coming", "output")]
        return [(job, result) for job, result in found if result is not None and result.path == path]

    def interrupted(self) -> list[tuple[JobRecord, Result | None]]:
        """The jobs that were running when their service ended, each with the result that it had announced."""
        rows = self._db.execute("SELECT * FROM jobs WHERE state = 'running'").fetchall()
        return [(job_of(row), result_of(row, "coming") if row["announced"] else None) for row in rows]

    def done_outside(self, folder: Path, place: str) -> list[JobRecord]:
        """The jobs that are done and whose originals do not lie in a sub-folder of their watched folder."""
        prefix = os.fsencode(place) + b"/"
        rows = self._db.execute(
            "SELECT * FROM jobs WHERE state = 'done' AND NOT superseded AND folder = ? AND substr(path, 1, ?) <> ?",
            (os.fsencode(folder), len(prefix), prefix),
        )
        return [job_of(row) for row in rows]

    def is_unfinished(self, job: int) -> bool:
        """Whether a job waits or runs; one whose file was replaced may still run."""
        row = self._db.execute("SELECT state, superseded FROM jobs WHERE id = ?", (job,)).fetchone()
        return row is not None and (row["state"] == "running" or (row["state"] in UNFINISHED and not row["superseded"]))

    def _row_at(self, folder: Path, path: Path) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM jobs WHERE folder = ? AND path = ? AND NOT superseded",
            (os.fsencode(folder), os.fsencode(path)),
        ).fetchone()
        return row


@contextmanager
def opened_to_read(folder: Path, patience: float = 30.0) -> Iterator[JournalReader]:
    """Read the journal of a state folder for a while; wait so many seconds while another process keeps it locked.

    Raises:
        JournalError: there is none, it cannot be opened or used, or another version of tintd made it.

    """
    with usable(folder), closing(JournalReader(Database(folder / NAME, readonly=True, patience=patience))) as reader:
        yield reader
