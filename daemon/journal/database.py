"""The connection to the journal's database: opened, brought to the present schema, changed in whole transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from colorizer.durable import sync_folder
from colorizer.errors import TintdError
from daemon.journal.schema import MIGRATIONS


class JournalError(TintdError):
    """The journal cannot be used."""


@contextmanager
def usable(state: Path) -> Iterator[None]:
    """Turn the errors of SQLite into a sentence that names the state folder.

    Raises:
        JournalError: the journal is damaged, or its disk is full.

    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise JournalError(f"{state}: the journal cannot be used: {_reason(error)}") from error


class Database:
    """A connection, for one thread."""

    def __init__(self, path: Path, *, readonly: bool = False, patience: float = 30.0) -> None:
        """Open a database: make or migrate it, or (`readonly`) take it as it is.

        Args:
            path: its file.
            readonly: whether it is only read.
            patience: seconds to wait while another process keeps it locked.

        Raises:
            JournalError: the database cannot be opened, or a newer tintd made it.

        """
        try:
            self.connection = (_connect_to_read if readonly else _connect)(path, patience)
            self.connection.row_factory = sqlite3.Row
            version = self._version(path)
            if version == len(MIGRATIONS):
                return
            if readonly:
                raise JournalError(f"{path}: an older tintd made the journal; start `tintd run` once to update it")
            self._migrate(path, version)
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{path}: the journal cannot be opened: {_reason(error)}") from error

    def execute(self, statement: str, values: dict[str, object] | tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run a statement; outside of a transaction it is one of its own."""
        return self.connection.execute(statement, values)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside, or nothing; an inner transaction is part of the outer one."""
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

    @contextmanager
    def quick_transaction(self) -> Iterator[None]:
        """Do everything inside, or nothing, without waiting for the disk: a power cut may undo it, a kill does not."""
        self.execute("PRAGMA synchronous = NORMAL")
        try:
            with self.transaction():
                yield
        finally:
            self.execute("PRAGMA synchronous = FULL")

    def _version(self, path: Path) -> int:
        """The version of the schema.

        Raises:
            JournalError: the version is unknown here.

        """
        version: int = self.execute("PRAGMA user_version").fetchone()[0]
        if version > len(MIGRATIONS):
            raise JournalError(
                f"{path}: a newer tintd made the journal (version {version}); this one reads version {len(MIGRATIONS)}"
            )
        return version

    def _migrate(self, path: Path, version: int) -> None:
        if version:
            self._copy(path.with_name(f"{path.name}.version-{version}"))
        self.connection.create_function("last_part", 1, _last_part, deterministic=True)
        with self.transaction():
            for step in MIGRATIONS[self._version(path) :]:
                for statement in step.split(";\n"):
                    self.execute(statement)
            self.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _copy(self, target: Path) -> None:
        """Copy the database beside itself, whole or not at all."""
        unfinished = target.with_name(f"{target.name}.new")
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as copy:
            self.connection.backup(copy)
        unfinished.replace(target)
        sync_folder(target.parent)


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):  # a command run by a member of the service's group does not own the file
        path.touch(mode=0o600)
        path.chmod(0o600)  # it contains the names of all files; SQLite gives its other files the same mode
    connection = sqlite3.connect(path, isolation_level=None, timeout=patience)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _connect_to_read(path: Path, patience: float) -> sqlite3.Connection:
    if not path.is_file():
        raise JournalError(f"{path}: there is no journal yet; `tintd run` makes one")
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=patience)


def _reason(error: Exception) -> str:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return "another program keeps it locked; end that program, or wait until it has finished"
    return str(error)


def _last_part(path: bytes) -> bytes:
    return path.rpartition(b"/")[2]
