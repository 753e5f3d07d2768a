"""The journal, in SQLite: every file seen, every attempt, where it stands. It survives kill -9 and power loss."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Literal

from colorizer.photo.formats import is_named_as_photo
from daemon.files.identity import Identity, Result
from daemon.files.mounts import is_present
from daemon.files.text import legible
from daemon.journal.attempts import Attempts
from daemon.journal.database import Database, usable
from daemon.journal.records import STATES, Entry, Making, State, entry_of, result_of

_ALIKE = 20
"""Files of the same content that are looked at, so that a flood of copies costs no more than one of different files."""


class Journal:
    """One service's journal. Any process may read it, and put jobs back; only the service does jobs."""

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        """Open the journal of a state folder, making or migrating it, or only to read what is there.

        Raises:
            JournalError: it cannot be opened, or a newer tintd made it.

        """
        self._db = Database(folder / "journal.sqlite3", readonly=readonly)
        self.attempts = Attempts(self._db)
        self.id: str = self._db.execute("SELECT id FROM journal").fetchone()["id"]

    @property
    def database(self) -> sqlite3.Connection:
        """The connection, for what goes with the journal's transactions."""
        return self._db.connection

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def find(self, source: Path, folder: Path) -> Entry | None:
        """The job of the file at a path, as it was when it was last seen."""
        row = self._current(folder, source.relative_to(folder))
        return entry_of(row) if row else None

    def add(
        self, source: Path, folder: Path, identity: Identity, fingerprint: str, now: float
    ) -> Literal["new", "moved", "same"]:
        """Take in a file that is complete.

        A file with new content at a known path becomes a new job; one with known content at a new path, whose old path
        is gone, was moved, and keeps its job.

        """
        path = source.relative_to(folder)
        with self._db.transaction():
            row = self._current(folder, path)
            if row is not None and row["fingerprint"] == fingerprint:
                self._set(row["id"], seen=now, **_columns(identity))
                return "same"
            if row is not None:
                self._set(row["id"], superseded=1)
            moved = self._moved(fingerprint, identity.mtime_ns)
            if moved is not None:
                self._set(moved, folder=os.fsencode(folder), path=os.fsencode(path), seen=now, **_columns(identity))
                return "moved"
            self._db.execute(
                "INSERT INTO jobs (folder, path, size, mtime_ns, inode, fingerprint, film, due, found, seen)"
                " VALUES (:folder, :path, :size, :mtime_ns, :inode, :fingerprint, :film, :now, :now, :now)",
                {
                    "folder": os.fsencode(folder),
                    "path": os.fsencode(path),
                    "fingerprint": fingerprint,
                    "film": not is_named_as_photo(path),
                    "now": now,
                    **_columns(identity),
                },
            )
            return "new"

    def entry(self, job: int) -> Entry | None:
        """A job by its number."""
        row = self._db.execute("SELECT * FROM jobs WHERE id = ? AND NOT superseded", (job,)).fetchone()
        return entry_of(row) if row else None

    def take(self, now: float, lease: float, job: int | None = None) -> Entry | None:
        """Take a job until `lease`: the one named, else that which has waited longest or whose lease has ended."""
        row = self._db.execute(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease = :lease,"
            " frames_done = 0, frames = 0, announced = 0"
            " WHERE id = coalesce(:job, (SELECT id FROM jobs WHERE NOT superseded AND"
            " ((state = 'queued' AND due <= :now) OR (state = 'running' AND lease < :now)) ORDER BY due, id LIMIT 1))"
            " RETURNING *",
            {"now": now, "lease": lease, "job": job},
        ).fetchone()
        return entry_of(row) if row else None

    def next_due(self) -> float | None:
        """When the next waiting job is due."""
        row = self._db.execute("SELECT min(due) AS due FROM jobs WHERE state = 'queued' AND NOT superseded").fetchone()
        due: float | None = row["due"]
        return due

    def extend(self, job: int, lease: float, frames_done: int, frames: int) -> None:
        """Keep a running job, and note how far it is."""
        self._set(job, lease=lease, frames_done=frames_done, frames=frames)

    def put_back(self, job: int, due: float, reason: str | None, *, refund: bool) -> None:
        """Let a job wait again until `due`; with `refund`, the attempt does not count."""
        self._db.execute(
            "UPDATE jobs SET state = 'queued', due = ?, reason = ?, lease = NULL, attempts = attempts - ? WHERE id = ?",
            (due, legible(reason), int(refund), job),
        )

    def alike(self, job: int) -> Iterator[Entry]:
        """Other jobs, done or running, whose files seem to have the same content; none where the job has ended before.

        Those that are done come first, the oldest of them before the others.

        """
        for state in ("done", "running"):
            rows = self._db.execute(
                "SELECT others.* FROM jobs JOIN jobs AS others USING (fingerprint) WHERE jobs.id = ?"
                " AND jobs.ended IS NULL AND others.id <> jobs.id AND others.state = ? AND NOT others.superseded"
                " ORDER BY others.id LIMIT ?",
                (job, state, _ALIKE),
            )
            yield from map(entry_of, rows.fetchall())

    def put_off(self, job: int, due: float, reason: str) -> None:
        """Let a job, and those in its folder that seem to have the same content, wait until `due`."""
        self._db.execute(
            "UPDATE jobs SET due = ?, reason = ? FROM (SELECT folder, fingerprint FROM jobs WHERE id = ?) AS its"
            " WHERE jobs.folder = its.folder AND jobs.fingerprint = its.fingerprint AND state = 'queued'",
            (due, legible(reason), job),
        )

    def supersede(self, job: int) -> None:
        """Forget a job whose file has changed or gone, so that what lies there now is seen as new."""
        self._set(job, superseded=1, state="queued", lease=None)

    def announce(self, job: int, result: Result, making: Making) -> None:
        """Note a result just before it is published: if it then lies there, it was published.

        What is known of the one before it stays: publishing may yet fail.

        """
        self._set(
            job,
            coming=os.fsencode(result.path),
            coming_size=result.identity.size,
            coming_mtime_ns=result.identity.mtime_ns,
            coming_inode=result.identity.inode,
            announced=1,
            settings=making.settings,
            weights=making.weights,
            seconds=making.seconds,
            notes=json.dumps(making.notes),
        )

    def finish(self, job: int, now: float) -> None:
        """Note that the result that a job announced is published."""
        self._db.execute(
            "UPDATE jobs SET state = 'done', reason = NULL, lease = NULL, ended = ?, output = coming,"
            " output_size = coming_size, output_mtime_ns = coming_mtime_ns, output_inode = coming_inode,"
            " coming = NULL WHERE id = ?",
            (now, job),
        )

    def end(self, job: int, state: Literal["failed", "skipped"], reason: str, now: float) -> None:
        """Note that a job will not be tried again."""
        self._set(job, state=state, reason=legible(reason), lease=None, ended=now)

    def results_at(self, path: Path) -> list[tuple[Entry, Result]]:
        """What may lie at a path: the last results of this name, published and announced; the latest job's first."""
        rows = self._db.execute(
            "SELECT * FROM jobs WHERE id IN (SELECT max(id) FROM jobs WHERE output = :path"
            " UNION SELECT max(id) FROM jobs WHERE coming = :path) ORDER BY id DESC",
            {"path": os.fsencode(path)},
        )
        found = [(entry_of(row), result_of(row, which)) for row in rows for which in ("coming", "output")]
        return [(entry, result) for entry, result in found if result is not None and result.path == path]

    def interrupted(self) -> list[tuple[Entry, Result | None]]:
        """Jobs that were running when their service ended, each with the result that it had announced."""
        rows = self._db.execute("SELECT * FROM jobs WHERE state = 'running'")
        return [(entry_of(row), result_of(row, "coming") if row["announced"] else None) for row in rows]

    def done_outside(self, folder: Path, place: str) -> list[Entry]:
        """Jobs that are done and whose originals do not lie in a place of their folder."""
        prefix = os.fsencode(place) + b"/"
        rows = self._db.execute(
            "SELECT * FROM jobs WHERE state = 'done' AND NOT superseded AND folder = ? AND substr(path, 1, ?) <> ?",
            (os.fsencode(folder), len(prefix), prefix),
        )
        return [entry_of(row) for row in rows]

    def relocate(self, job: int, folder: Path, path: Path) -> None:
        """Note that an original has been moved, by us or by its owner."""
        self._set(job, folder=os.fsencode(folder), path=os.fsencode(path))

    def requeue(self, jobs: Iterable[int], now: float) -> None:
        """Let ended jobs wait again, with all their attempts."""
        with self._db.transaction():
            for job in jobs:
                self._set(job, state="queued", due=now, attempts=0, reason=None)

    def forget(self, jobs: Iterable[int]) -> None:
        """Know nothing of these jobs any more: a file that still lies there is seen as new."""
        with self._db.transaction():
            for job in jobs:
                self._db.execute("DELETE FROM jobs WHERE id = ?", (job,))

    def outputs(self, used: Iterable[Path]) -> list[Path]:
        """Take note of folders of results; returns all that ever were, for they may have been configured away."""
        with self._db.transaction():
            for place in used:
                self._db.execute("INSERT OR IGNORE INTO outputs VALUES (?)", (os.fsencode(place),))
        return [Path(os.fsdecode(row["place"])) for row in self._db.execute("SELECT place FROM outputs")]

    @property
    def paused(self) -> float | None:
        """Since when no job is begun, by somebody's wish; None where jobs are."""
        since: float | None = self._db.execute("SELECT paused FROM journal").fetchone()["paused"]
        return since

    def pause(self, since: float | None) -> None:
        """Begin no more jobs, or (None) begin them again; a restart changes nothing of it."""
        self._db.execute("UPDATE journal SET paused = ?", (since,))

    def is_unfinished(self, job: int) -> bool:
        """Whether a job waits or runs."""
        row = self._db.execute("SELECT state, superseded FROM jobs WHERE id = ?", (job,)).fetchone()
        return row is not None and not row["superseded"] and row["state"] in {"queued", "running"}

    def together(self) -> AbstractContextManager[None]:
        """What is noted within this is noted in one go, or not at all: the disk is waited for once."""
        return self._db.transaction()

    def entries(self, *states: State, most: int | None = None) -> Iterator[Entry]:
        """Jobs in these states, the latest first; all of them, or so many at most."""
        marks = ", ".join("?" * len(states))
        rows = self._db.execute(
            f"SELECT * FROM jobs WHERE state IN ({marks}) AND NOT superseded"  # noqa: S608 (marks are question marks)
            " ORDER BY coalesce(ended, due) DESC, id DESC LIMIT ?",
            (*states, -1 if most is None else most),
        )
        return map(entry_of, rows)

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state."""
        counted: dict[State, int] = dict.fromkeys(STATES, 0)
        rows = self._db.execute("SELECT state, count(*) AS jobs FROM jobs WHERE NOT superseded GROUP BY state")
        return counted | {row["state"]: row["jobs"] for row in rows}

    def _current(self, folder: Path, path: Path) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM jobs WHERE folder = ? AND path = ? AND NOT superseded",
            (os.fsencode(folder), os.fsencode(path)),
        ).fetchone()
        return row

    def _moved(self, fingerprint: str, mtime_ns: int) -> int | None:
        """The job of a file with this content that no longer lies where it was; an absent mount proves nothing.

        Moving keeps the time of the last change; two scans that the fingerprint takes for one differ in it.

        """
        rows = self._db.execute(
            "SELECT id, folder, path FROM jobs WHERE fingerprint = ? AND mtime_ns = ? AND NOT superseded LIMIT ?",
            (fingerprint, mtime_ns, _ALIKE),
        )
        gone = (
            int(job)
            for job, folder, path in rows
            if not os.path.lexists(os.path.join(folder, path)) and is_present(Path(os.fsdecode(folder)))  # noqa: PTH118 (bytes)
        )
        return next(gone, None)

    def _set(self, job: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE jobs SET {names} WHERE id = ?", (*columns.values(), job))  # noqa: S608 (names are ours)


@contextmanager
def opened(folder: Path, *, readonly: bool = False) -> Iterator[Journal]:
    """The journal of a state folder, for a while.

    Raises:
        JournalError: it cannot be opened or used, or a newer tintd made it.

    """
    with usable(folder), closing(Journal(folder, readonly=readonly)) as journal:
        yield journal


def _columns(identity: Identity) -> dict[str, int]:
    return {"size": identity.size, "mtime_ns": identity.mtime_ns, "inode": identity.inode}
