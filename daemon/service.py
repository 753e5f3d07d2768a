"""The service's life: start, watch, work, drain, stop. It imports neither torch nor av."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import wait
from pathlib import Path

import structlog

from colorizer.errors import TintdError
from daemon.bell import Bell
from daemon.config import Config, Folder
from daemon.delivery import lies_there, move_original
from daemon.foreman import Foreman
from daemon.herald import Herald
from daemon.journal import Journal
from daemon.mounts import network_kind
from daemon.notify import notify, watchdog_interval
from daemon.original import fingerprint, identify
from daemon.publisher import make_folder
from daemon.pulse import Pulse
from daemon.upkeep import Pruning, mend_dates
from daemon.watcher import Find, Watcher

_TICK = 0.5
"""Seconds between two looks at files that may be growing, and at a running job."""
_REST = 5.0
"""Seconds between two looks at the journal when nothing happens: `tintd retry` writes there."""
_LOOKED_AT = 500
"""Files of a scan that are looked at before the service turns to its other duties."""

_log = structlog.get_logger()


class StartError(TintdError):
    """The service cannot start."""


class Service:
    """The service, from start to stop."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._bell = Bell()
        self._pulse = Pulse()
        self._pruning = Pruning(config)
        self._is_known_ready = False
        self._signals = 0
        self._next_upkeep = 0.0
        self._next_sign = 0.0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: another tintd uses this state, a folder cannot be watched, or weights or device are not as
                configured.
            JournalError: the journal cannot be used.

        """
        with _alone(self._config.state):
            self._journal = Journal(self._config.state)
            self._herald = Herald(self._journal.database, self._config.hooks, self._bell.ring)
            self._prepare()
            self._foreman = Foreman(self._config, self._journal)
            self._watcher = Watcher(self._config.folders, self._config.watching, self._bell.ring)
            with self._signals_heard(), self._monitored():
                try:
                    self._watcher.start()
                    self._serve()
                finally:
                    self._drain()
                    self._herald.stop()
                    self._journal.close()

    def _prepare(self) -> None:
        """Make the folders, and bring order into what a crash may have left."""
        for folder in self._config.folders:
            for place in (folder.input, folder.output):
                try:
                    make_folder(place)
                except OSError as error:
                    raise StartError(f"{place}: the folder cannot be made: {error}") from error
            for leftover in folder.output.glob(f".tintd-{self._journal.id}-*"):
                shutil.rmtree(leftover, ignore_errors=True)
        self._take_up(refund=False)

    def _take_up(self, *, refund: bool) -> None:
        """Bring to an end, or put back, what was interrupted."""
        for entry, result in self._journal.interrupted():
            if result is not None and lies_there(result):
                self._journal.finish(entry.id, time.time(), 0.0, (entry.settings or "", entry.weights or ""), ())
            else:
                self._journal.put_back(entry.id, time.time(), entry.reason, refund=refund)

    @contextmanager
    def _monitored(self) -> Iterator[None]:
        """Answer over HTTP, where that is configured."""
        if self._config.monitoring.address == "off":
            yield
            return
        from daemon.monitoring import monitored  # noqa: PLC0415 (costs memory where it is used)

        with ExitStack() as stack:
            try:
                stack.enter_context(monitored(self._config, self._pulse))
            except OSError as error:
                raise StartError(f"monitoring.address {self._config.monitoring.address}: {error}") from error
            yield

    def _serve(self) -> None:
        while not self._signals:
            try:
                self._turn()
            except sqlite3.OperationalError as error:
                self._wait_for_the_journal(error)

    def _turn(self) -> None:
        """Once around: listen, look, take in, give out."""
        self._wait()
        if self._foreman.unfit is not None:
            raise StartError(self._foreman.unfit)
        if self._foreman.ready and not self._is_known_ready:
            self._is_known_ready = True
            notify("READY=1")
            _log.info("ready", folders=[str(folder.input) for folder in self._config.folders])
        self._look_around()
        self._take_in()
        self._foreman.offer()
        self._foreman.mind()
        self._keep_up()
        self._give_sign()

    def _wait_for_the_journal(self, error: sqlite3.OperationalError) -> None:
        """Where the journal cannot be written (its disk is full), do nothing until it can, and then go on."""
        self._foreman.abandon()
        self._watcher.rescan()
        while not self._signals:
            _log.error("the journal cannot be written; everything waits", reason=str(error))
            notify("WATCHDOG=1", f"STATUS=the journal cannot be written: {error}")
            self._pulse.beat(ready=True, paused=f"the journal cannot be written: {error}")
            wait([self._bell.fileno()], timeout=_REST)
            self._bell.silence()
            try:
                return self._take_up(refund=True)
            except sqlite3.OperationalError as again:
                error = again
        return None

    def _wait(self) -> None:
        """Sleep until the worker speaks, the bell rings, or there is something to look at."""
        speaking = wait([self._foreman.worker.connection, self._bell.fileno()], timeout=self._rest())
        self._bell.silence()
        if self._foreman.worker.connection in speaking:
            message = self._foreman.worker.listen(0)
            if message is not None:
                self._foreman.hear(message)

    def _rest(self) -> float:
        """Seconds for which nothing needs the service."""
        if self._watcher.is_waiting() or self._foreman.attempt is not None or not self._foreman.ready:
            return _TICK
        due = None if self._foreman.closed else self._journal.next_due()
        return _REST if due is None else min(_REST, max(0.0, due - time.time()))

    def _look_around(self) -> None:
        """Look at the next files of a scan."""
        found = self._watcher.look_around(time.monotonic(), _LOOKED_AT)
        for folder, path in found:
            self._look_at(folder, path)
        if found:
            self._bell.ring()

    def _look_at(self, folder: Folder, path: Path) -> None:
        entry = self._journal.find(path, folder.input)
        if entry is None or identify(path) != entry.identity:
            self._watcher.observe(path, time.monotonic())
        elif entry.state == "done":
            move_original(entry, folder, self._journal)

    def _take_in(self) -> None:
        """Enter complete files into the journal."""
        finds = self._watcher.complete(time.monotonic())
        for start in range(0, len(finds), _LOOKED_AT):
            some = finds[start : start + _LOOKED_AT]
            known = [(find, self._journal.find(find.path, find.folder.input)) for find in some]
            new = [find for find, entry in known if entry is None or entry.identity != find.identity]
            contents = [(find, _content(find.path)) for find in new]
            with self._journal.together():
                for find, content in contents:
                    if content is not None:
                        self._enter(find, content)
            self._give_sign()

    def _enter(self, find: Find, content: str) -> None:
        what = self._journal.add(find.path, find.folder.input, find.identity, content, time.time())
        if what != "same":
            _log.info("found" if what == "new" else "moved", file=str(find.path), size=find.identity.size)

    def _keep_up(self) -> None:
        """Tell who is to be told, and now and then put the journal in order."""
        now = time.time()
        self._herald.tend(now)
        if time.monotonic() >= self._next_upkeep:
            self._next_upkeep = time.monotonic() + self._config.watching.rescan_seconds
            mend_dates(self._journal.database, now, self._config)
            self._pruning.go_on(self._journal.database, now)

    def _give_sign(self) -> None:
        """Tell systemd, and who asks over HTTP, that the service lives, and what it does."""
        self._pulse.beat(ready=self._foreman.ready, paused=self._foreman.paused)
        interval = watchdog_interval()
        now = time.monotonic()
        if interval is None or now < self._next_sign:
            return
        self._next_sign = now + interval
        counts = self._journal.counts()
        paused = f"; paused: {self._foreman.paused}" if self._foreman.paused else ""
        said = f"{counts['queued']} waiting, {counts['done']} done, {counts['failed']} failed{paused}"
        notify("WATCHDOG=1", f"STATUS={said}")

    def _drain(self) -> None:
        """Let the running job finish within the grace time, or put it back."""
        notify("STOPPING=1")
        self._watcher.stop()
        deadline = time.monotonic() + self._config.work.grace_seconds
        while self._foreman.attempt is not None and self._signals < 2 and time.monotonic() < deadline:
            message = self._foreman.worker.listen(_TICK)
            if message is not None:
                self._foreman.hear(message)
        self._foreman.put_back()
        _log.info("stopped")

    @contextmanager
    def _signals_heard(self) -> Iterator[None]:
        """SIGTERM and SIGINT count, and ring the bell."""

        def count(_signal: int, _frame: object) -> None:
            self._signals += 1

        before = signal.set_wakeup_fd(self._bell.writer(), warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, count) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)


def _content(path: Path) -> str | None:
    """A file's fingerprint, or why it cannot be read (the attempts will say so), or None if it is gone."""
    try:
        return fingerprint(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"unread: {error}"


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Hold the state folder's lock, which ends with the process, however it ends."""
    try:
        make_folder(state)
        kind = network_kind(state)
        if kind is not None:
            raise StartError(
                f"{state}: the journal cannot lie on a network file system ({kind}): its write-ahead log needs shared"
                " memory; name a folder on a local disk (`state:`)"
            )
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StartError(f"{state}: the state folder cannot be written: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StartError(f"{state}: another tintd is using this state folder") from error
    finally:
        os.close(descriptor)
