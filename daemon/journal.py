"""The journal, in SQLite: every file seen, every attempt, where it stands. It survives kill -9 and power loss."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from colorizer.errors import TintdError
from daemon import turns
from daemon.original import Identity
from daemon.wanted import is_film, is_present

State = Literal["queued", "running", "done", "failed", "skipped"]

_MIGRATIONS = (
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY,
        folder BLOB NOT NULL,               -- watched folder, as bytes: names need not be UTF-8
        path BLOB NOT NULL,                 -- inside it
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed', 'skipped')),
        superseded INTEGER NOT NULL DEFAULT 0, -- the path holds another file now
        attempts INTEGER NOT NULL DEFAULT 0,
        due REAL NOT NULL,                  -- not before this time
        lease REAL,                         -- a running job whose lease has ended may be taken again
        frames_done INTEGER NOT NULL DEFAULT 0,
        frames INTEGER NOT NULL DEFAULT 0,
        reason TEXT,
        output BLOB,
        output_size INTEGER,
        output_mtime_ns INTEGER,
        announced INTEGER NOT NULL DEFAULT 0, -- this attempt came as far as publishing
        seconds REAL,
        settings TEXT,
        weights TEXT,
        notes TEXT NOT NULL DEFAULT '[]',
        found REAL NOT NULL,
        ended REAL
    );
    CREATE UNIQUE INDEX jobs_current ON jobs (folder, path) WHERE NOT superseded;
    CREATE INDEX jobs_waiting ON jobs (state, due);
    CREATE INDEX jobs_fingerprint ON jobs (fingerprint);
    CREATE INDEX jobs_output ON jobs (output);
    CREATE TABLE journal (id TEXT NOT NULL);
    INSERT INTO journal VALUES (lower(hex(randomblob(4))));
    """,
    turns.MIGRATION,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as the journal knows it."""

    id: int
    folder: Path
    path: Path
    """Inside the folder."""
    identity: Identity
    state: State
    attempts: int
    due: float
    frames_done: int
    frames: int
    reason: str | None
    output: Path | None
    seconds: float | None
    settings: str | None
    weights: str | None
    notes: tuple[str, ...]

    @property
    def source(self) -> Path:
        """The original."""
        return self.folder / self.path


@dataclass(frozen=True, slots=True)
class Result:
    """A result that was, or is about to be, published."""

    path: Path
    size: int
    mtime_ns: int


class JournalError(TintdError):
    """The journal cannot be used."""


class Journal:
    """One service's journal. Any process may read it, and put jobs back; only the service does jobs."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a state folder, making or migrating it.

        Raises:
            JournalError: it cannot be opened, or a newer tintd made it.

        """
        path = folder / "journal.sqlite3"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._migrate(path)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path}: the journal cannot be opened: {error}") from error
        self.id: str = self._db.execute("SELECT id FROM journal").fetchone()["id"]

    @property
    def database(self) -> sqlite3.Connection:
        """The connection, for what goes with the journal's transactions."""
        return self._db

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def find(self, source: Path, folder: Path) -> Entry | None:
        """The job of the file at a path, as it was when it was last seen."""
        row = self._current(folder, source.relative_to(folder))
        return _entry(row) if row else None

    def add(
        self, source: Path, folder: Path, identity: Identity, fingerprint: str, now: float
    ) -> Literal["new", "moved", "same"]:
        """Take in a file that is complete.

        A file with new content at a known path becomes a new job; one with known content at a new path, whose old path
        is gone, was moved, and keeps its job.

        """
        path = source.relative_to(folder)
        with self._transaction():
            row = self._current(folder, path)
            if row is not None and row["fingerprint"] == fingerprint:
                self._set(row["id"], **_columns(identity))
                return "same"
            if row is not None:
                self._set(row["id"], superseded=1)
            moved = self._moved(fingerprint)
            if moved is not None:
                self._set(moved, folder=os.fsencode(folder), path=os.fsencode(path), **_columns(identity))
                return "moved"
            self._db.execute(
                "INSERT INTO jobs (folder, path, size, mtime_ns, inode, fingerprint, film, due, found)"
                " VALUES (:folder, :path, :size, :mtime_ns, :inode, :fingerprint, :film, :now, :now)",
                {
                    "folder": os.fsencode(folder),
                    "path": os.fsencode(path),
                    "fingerprint": fingerprint,
                    "film": is_film(path),
                    "now": now,
                    **_columns(identity),
                },
            )
            return "new"

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
        return _entry(row) if row else None

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
            (due, reason, int(refund), job),
        )

    def supersede(self, job: int) -> None:
        """Forget a job whose file has changed or gone, so that what lies there now is seen as new."""
        self._set(job, superseded=1, state="queued", lease=None)

    def announce(self, job: int, result: Result) -> None:
        """Note a result just before it is published: if it then lies there, it was published."""
        self._set(
            job,
            output=os.fsencode(result.path),
            output_size=result.size,
            output_mtime_ns=result.mtime_ns,
            announced=1,
        )

    def finish(self, job: int, now: float, seconds: float, made_with: tuple[str, str], notes: tuple[str, ...]) -> None:
        """Note that a job's result is published; `made_with` are the hashes of settings and weights."""
        settings, weights = made_with
        self._set(
            job,
            state="done",
            reason=None,
            lease=None,
            ended=now,
            seconds=seconds,
            settings=settings,
            weights=weights,
            notes=json.dumps(notes),
        )

    def end(self, job: int, state: Literal["failed", "skipped"], reason: str, now: float) -> None:
        """Note that a job will not be tried again."""
        self._set(job, state=state, reason=reason, lease=None, ended=now)

    def publisher_of(self, path: Path) -> tuple[Entry, Result] | None:
        """The job that last announced a result of this name, and that result."""
        row = self._db.execute(
            "SELECT * FROM jobs WHERE output = ? ORDER BY id DESC LIMIT 1", (os.fsencode(path),)
        ).fetchone()
        return (_entry(row), _result(row)) if row else None

    def interrupted(self) -> list[tuple[Entry, Result | None]]:
        """Jobs that were running when their service ended, each with the result that it had announced."""
        rows = self._db.execute("SELECT * FROM jobs WHERE state = 'running'")
        return [(_entry(row), _result(row) if row["announced"] else None) for row in rows]

    def relocate(self, job: int, folder: Path, path: Path) -> None:
        """Note that an original has been moved, by us or by its owner."""
        self._set(job, folder=os.fsencode(folder), path=os.fsencode(path))

    def together(self) -> AbstractContextManager[None]:
        """What is noted within this is noted in one go, or not at all: the disk is waited for once."""
        return self._transaction()

    def retry(self, now: float, wanted: Callable[[Entry], bool]) -> list[Entry]:
        """Let failed and skipped jobs wait again, with all their attempts."""
        chosen = [entry for entry in self.entries("failed", "skipped") if wanted(entry)]
        with self._transaction():
            for entry in chosen:
                self._set(entry.id, state="queued", due=now, attempts=0, reason=None)
        return chosen

    def entries(self, *states: State) -> Iterator[Entry]:
        """Jobs in these states, the latest first."""
        marks = ", ".join("?" * len(states))
        rows = self._db.execute(
            f"SELECT * FROM jobs WHERE state IN ({marks}) AND NOT superseded"  # noqa: S608 (marks are question marks)
            " ORDER BY coalesce(ended, due) DESC, id DESC",
            states,
        )
        return map(_entry, rows)

    def counts(self) -> dict[State, int]:
        """How many jobs are in each state."""
        counted: dict[State, int] = {"queued": 0, "running": 0, "done": 0, "failed": 0, "skipped": 0}
        rows = self._db.execute("SELECT state, count(*) AS jobs FROM jobs WHERE NOT superseded GROUP BY state")
        return counted | {row["state"]: row["jobs"] for row in rows}

    def _current(self, folder: Path, path: Path) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM jobs WHERE folder = ? AND path = ? AND NOT superseded",
            (os.fsencode(folder), os.fsencode(path)),
        ).fetchone()
        return row

    def _moved(self, fingerprint: str) -> int | None:
        """The job of a file with this content that no longer lies where it was; an absent mount proves nothing."""
        rows = self._db.execute("SELECT * FROM jobs WHERE fingerprint = ? AND NOT superseded", (fingerprint,))
        gone = (entry.id for entry in map(_entry, rows) if is_present(entry.folder) and not entry.source.exists())
        return next(gone, None)

    def _set(self, job: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(f"UPDATE jobs SET {names} WHERE id = ?", (*columns.values(), job))  # noqa: S608 (names are ours)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing; one within another is part of it."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk has ended it already
                self._db.execute("ROLLBACK")
            raise

    def _migrate(self, path: Path) -> None:
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > len(_MIGRATIONS):
                raise JournalError(f"{path}: the journal was made by a newer tintd; this one reads {len(_MIGRATIONS)}")
            for step in _MIGRATIONS[version:]:
                for statement in step.split(";\n"):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")


def _identity(row: sqlite3.Row) -> Identity:
    return Identity(row["size"], row["mtime_ns"], row["inode"])


def _result(row: sqlite3.Row) -> Result:
    return Result(Path(os.fsdecode(row["output"])), row["output_size"], row["output_mtime_ns"])


def _columns(identity: Identity) -> dict[str, int]:
    return {"size": identity.size, "mtime_ns": identity.mtime_ns, "inode": identity.inode}


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        folder=Path(os.fsdecode(row["folder"])),
        path=Path(os.fsdecode(row["path"])),
        identity=_identity(row),
        state=row["state"],
        attempts=row["attempts"],
        due=row["due"],
        frames_done=row["frames_done"],
        frames=row["frames"],
        reason=row["reason"],
        output=Path(os.fsdecode(row["output"])) if row["output"] is not None else None,
        seconds=row["seconds"],
        settings=row["settings"],
        weights=row["weights"],
        notes=tuple(json.loads(row["notes"])),
    )
