"""The herald: tells a command or a webhook of each file that is done or failed, at least once.

What is to be told enters the journal in the transaction that ends the job, so a crash between the two cannot be; and
it leaves the journal only when it was heard, so a crash while it is told means that it is told again.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import structlog

from daemon.config.settings import Hook, Hooks

_FIRST, _LONGEST = 10.0, 3600.0
"""Seconds until it is told again: the first time, and at most."""

_TABLE = """
CREATE TABLE IF NOT EXISTS untold (
    id INTEGER PRIMARY KEY, job INTEGER NOT NULL, state TEXT NOT NULL, folder BLOB NOT NULL, path BLOB NOT NULL,
    output BLOB, reason TEXT, attempts INTEGER NOT NULL, ended REAL NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0
)
"""
_TRIGGER = """
CREATE TEMP TRIGGER heard AFTER UPDATE OF state ON main.jobs
WHEN NEW.state IN ({states}) AND OLD.state <> NEW.state
BEGIN
    INSERT INTO untold (job, state, folder, path, output, reason, attempts, ended)
    VALUES (NEW.id, NEW.state, NEW.folder, NEW.path,
            CASE NEW.state WHEN 'done' THEN NEW.output END, NEW.reason, NEW.attempts, NEW.ended);
END
"""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tiding:
    """What is told."""

    id: int
    """Of the tiding: the same when it is told again."""
    job: int
    state: Literal["done", "failed"]
    file: str
    output: str | None
    reason: str | None
    attempts: int
    ended: float
    """Seconds since the epoch."""


class Herald:
    """Tells tidings one after the other, in a thread of its own."""

    def __init__(self, database: sqlite3.Connection, hooks: Hooks, ring: Callable[[], None]) -> None:
        """From now on, what ends is noted; `ring` is called, in another thread, when something was told.

        Args:
            database: the journal's connection, the only one on which jobs end.
            hooks: who is to be told of what.
            ring: wakes the service's loop.

        """
        self._database = database
        self._hooks = hooks
        self._ring = ring
        self._told: tuple[Tiding, int, Future[None]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="herald")
        database.execute(_TABLE)
        states = [state for state, hook in (("done", hooks.done), ("failed", hooks.failed)) if hook.is_set]
        if states:
            database.execute(_TRIGGER.format(states=", ".join(f"'{state}'" for state in states)))

    def tend(self, now: float) -> None:
        """Note what was heard, and tell what is due; `now` is in seconds since the epoch."""
        if self._told is not None and self._told[2].done():
            self._conclude(*self._told, now)
            self._told = None
        if self._told is None:
            self._tell(now)

    def next_due(self) -> float | None:
        """When the next event is due, in seconds since the epoch; None where none waits, or one is being told."""
        if self._told is not None:
            return None
        due: float | None = self._database.execute("SELECT min(due) FROM untold").fetchone()[0]
        return due

    def stop(self) -> None:
        """Tell no more; what is being told may end by itself, or be told again after the next start."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _tell(self, now: float) -> None:
        row = self._database.execute(  # one that waits longer than any does: the clock has jumped back
            "SELECT * FROM untold WHERE due <= ? OR due > ? ORDER BY due, id LIMIT 1", (now, now + _LONGEST)
        ).fetchone()
        if row is None:
            return
        tiding, hook = _tiding(row), self._hooks.done if row["state"] == "done" else self._hooks.failed
        future = self._threads.submit(tell, tiding, hook, self._hooks.timeout_seconds)
        future.add_done_callback(lambda _: self._ring())
        self._told = tiding, row["tries"], future

    def _conclude(self, tiding: Tiding, tries: int, future: Future[None], now: float) -> None:
        error = future.exception()
        if error is None:
            self._database.execute("DELETE FROM untold WHERE id = ?", (tiding.id,))
            return
        wait = min(_LONGEST, _FIRST * 2 ** min(tries, 20))
        self._database.execute("UPDATE untold SET tries = ?, due = ? WHERE id = ?", (tries + 1, now + wait, tiding.id))
        _log.warning("a hook failed; it is called again", job=tiding.job, reason=str(error), seconds=round(wait))


def tell(tiding: Tiding, hook: Hook, timeout: float) -> None:
    """Tell a command and a webhook; one that is not set is content.

    Raises:
        OSError: the command cannot be started, or the webhook cannot be reached or refuses.
        subprocess.SubprocessError: the command failed, or took too long.

    """
    facts = json.dumps(asdict(tiding) | {"file": _told(tiding.file), "output": _told(tiding.output)})
    if hook.command:
        _run(hook.command, tiding, facts, timeout)
    if hook.webhook is not None:
        _post(str(hook.webhook), tiding, facts, timeout)


def _run(command: tuple[str, ...], tiding: Tiding, facts: str, timeout: float) -> None:
    """Run a program with its arguments as configured: nothing of a file's name is ever read by a shell."""
    named = {key: os.fsencode(str(value)) for key, value in asdict(tiding).items() if value is not None}
    environment = os.environb | {f"TINTD_{key.upper()}".encode(): value for key, value in named.items()}
    with subprocess.Popen(  # noqa: S603 (the command is the configuration's, and a list)
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, process_group=0
    ) as process:
        try:
            process.communicate(facts.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # what a script has started hangs in its stead
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _post(address: str, tiding: Tiding, facts: str, timeout: float) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"tintd-{tiding.job}-{tiding.id}"}
    request = urllib.request.Request(address, facts.encode(), headers, method="POST")  # noqa: S310 (checked: http or https)
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        pass


def _tiding(row: sqlite3.Row) -> Tiding:
    return Tiding(
        id=row["id"],
        job=row["job"],
        state=row["state"],
        file=str(Path(os.fsdecode(row["folder"])) / os.fsdecode(row["path"])),
        output=None if row["output"] is None else os.fsdecode(row["output"]),
        reason=row["reason"],
        attempts=row["attempts"],
        ended=row["ended"],
    )


def _told(path: str | None) -> str | None:
    """A path as JSON can say it: bytes that are no UTF-8 are replaced (the environment has them as they are)."""
    return None if path is None else os.fsencode(path).decode(errors="replace")
