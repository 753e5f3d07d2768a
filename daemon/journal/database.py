"""The journal's database: opened, brought to the present schema, and changed in whole transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colorizer.errors import TintdError
from daemon.journal import fair_queue

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
    fair_queue.MIGRATION,
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        job INTEGER NOT NULL,
        number INTEGER NOT NULL,
        begun REAL NOT NULL,
        ended REAL,
        worker TEXT NOT NULL,               -- its process and device
        outcome TEXT,                       -- NULL while it goes on
        reason TEXT,
        signal TEXT                         -- that ended the worker
    );
    CREATE INDEX attempts_job ON attempts (job);
    CREATE TRIGGER attempts_go_too AFTER DELETE ON jobs BEGIN DELETE FROM attempts WHERE job = OLD.id; END;
    ALTER TABLE journal ADD COLUMN paused REAL;
    """,
    """
    ALTER TABLE jobs ADD COLUMN seen REAL NOT NULL DEFAULT 0;
    UPDATE jobs SET seen = found;
    ALTER TABLE jobs ADD COLUMN output_inode INTEGER;
    DROP INDEX jobs_fingerprint;
    CREATE INDEX jobs_moved ON jobs (fingerprint, mtime_ns);
    CREATE INDEX jobs_alike ON jobs (fingerprint, state);
    CREATE INDEX jobs_latest ON jobs (state, coalesce(ended, due), id) WHERE NOT superseded;
    """,
    "CREATE TABLE outputs (place BLOB PRIMARY KEY)",  # folders of results: work folders may lie there
    """
    -- coming: the result that was announced; until it is published, that before it stays known as the output
    ALTER TABLE jobs ADD COLUMN coming BLOB;
    ALTER TABLE jobs ADD COLUMN coming_size INTEGER;
    ALTER TABLE jobs ADD COLUMN coming_mtime_ns INTEGER;
    ALTER TABLE jobs ADD COLUMN coming_inode INTEGER;
    UPDATE jobs SET coming = output, coming_size = output_size, coming_mtime_ns = output_mtime_ns,
        coming_inode = output_inode WHERE state = 'running' AND announced;
    CREATE INDEX jobs_coming ON jobs (coming);
    """,
)


class JournalError(TintdError):
    """The journal cannot be used."""


@contextmanager
def usable(state: Path) -> Iterator[None]:
    """Say in words that the journal of a state folder cannot be used.

    Raises:
        JournalError: it is damaged, or its disk is full.

    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{state}: the journal cannot be used: {error}") from error


class Database:
    """A connection, for one thread."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open a database, making or migrating it, or only to read what is there.

        Raises:
            JournalError: it cannot be opened, or a newer tintd made it.

        """
        if readonly and not path.is_file():
            raise JournalError(f"{path}: there is no journal yet: `tintd run` makes it")
        try:
            if readonly:
                self.connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)
                self.connection.row_factory = sqlite3.Row
                if self._check(path) < len(_MIGRATIONS):
                    raise JournalError(f"{path}: the journal of an older tintd: `tintd run` brings it up to date")
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA journal_mode = WAL")
            self.connection.execute("PRAGMA synchronous = FULL")
            self._migrate(path)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path}: the journal cannot be opened: {error}") from error

    def execute(self, statement: str, values: dict[str, object] | tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement; outside of a transaction it is one for itself."""
        return self.connection.execute(statement, values)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what is done inside; one within another is part of it."""
        if self.connection.in_transaction:
            yield
            return
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # a full disk has ended it already
                self.execute("ROLLBACK")
            raise

    def _check(self, path: Path) -> int:
        """The version of the schema, which must not be beyond ours."""
        version: int = self.execute("PRAGMA user_version").fetchone()[0]
        if version > len(_MIGRATIONS):
            raise JournalError(f"{path}: the journal was made by a newer tintd; this one reads {len(_MIGRATIONS)}")
        return version

    def _migrate(self, path: Path) -> None:
        with self.transaction():
            version = self._check(path)
            for step in _MIGRATIONS[version:]:
                for statement in step.split(";\n"):
                    self.execute(statement)
            self.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
