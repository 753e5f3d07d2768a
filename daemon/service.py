"""The service's life: start, watch, work, drain, stop. It imports neither torch nor av."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from pathlib import Path

import structlog

from colorizer.errors import TintdError
from daemon.bell import Bell
from daemon.config import Config, Folder
from daemon.delivery import lies_there, move_original
from daemon.foreman import Foreman
from daemon.journal import Journal
from daemon.notify import notify, watchdog_interval
from daemon.original import fingerprint, identify
from daemon.publisher import make_folder
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
        self._signals = 0
        self._scan: Iterator[tuple[Folder, Path]] = iter(())
        self._next_scan = 0.0
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
            self._prepare()
            self._foreman = Foreman(self._config, self._journal)
            self._watcher = Watcher(self._config.folders, self._config.watching, self._bell.ring)
            with self._signals_heard():
                try:
                    self._start_watching()
                    self._serve()
                finally:
                    self._drain()
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
        for entry, result in self._journal.interrupted():
            if result is not None and lies_there(result):
                self._journal.finish(entry.id, time.time(), 0.0, (entry.settings or "", entry.weights or ""), ())
            else:
                self._journal.put_back(entry.id, time.time(), entry.reason, refund=False)

    def _start_watching(self) -> None:
        try:
            self._watcher.start()
        except OSError as error:
            raise StartError(
                f"the folders cannot be watched: {error}; use `watching.method: polling`, or raise"
                " fs.inotify.max_user_watches"
            ) from error

    def _serve(self) -> None:
        ready = False
        while not self._signals:
            self._wait()
            if self._foreman.unfit is not None:
                raise StartError(self._foreman.unfit)
            if self._foreman.ready and not ready:
                ready = True
                notify("READY=1")
                _log.info("ready", folders=[str(folder.input) for folder in self._config.folders])
            self._look_around()
            self._take_in()
            self._foreman.offer()
            self._foreman.mind()
            self._give_sign()

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
        due = self._journal.next_due()
        return _REST if due is None else min(_REST, max(0.0, due - time.time()))

    def _look_around(self) -> None:
        """Go on with the scan of all folders, or begin one when it is time."""
        now = time.monotonic()
        if now >= self._next_scan:
            self._next_scan = now + self._config.watching.rescan_seconds
            self._scan = self._watcher.scan()
        for _ in range(_LOOKED_AT):
            found = next(self._scan, None)
            if found is None:
                return
            self._look_at(*found)
        self._bell.ring()

    def _look_at(self, folder: Folder, path: Path) -> None:
        entry = self._journal.find(path, folder.input)
        if entry is None or identify(path) != entry.identity:
            self._watcher.notice(path, time.monotonic())
        elif entry.state == "done":
            move_original(entry, folder, self._journal)

    def _take_in(self) -> None:
        """Enter complete files into the journal."""
        for find in self._watcher.complete(time.monotonic()):
            entry = self._journal.find(find.path, find.folder.input)
            if entry is None or entry.identity != find.identity:
                self._enter(find)

    def _enter(self, find: Find) -> None:
        try:
            content = fingerprint(find.path)
        except FileNotFoundError:
            return
        except OSError as error:  # the attempts will say why
            content = f"unread: {error}"
        what = self._journal.add(find.path, find.folder.input, find.identity, content, time.time())
        if what != "same":
            _log.info("found" if what == "new" else "moved", file=str(find.path), size=find.identity.size)

    def _give_sign(self) -> None:
        """Tell systemd that the service lives, and what it does."""
        interval = watchdog_interval()
        now = time.monotonic()
        if interval is None or now < self._next_sign:
            return
        self._next_sign = now + interval
        counts = self._journal.counts()
        notify("WATCHDOG=1", f"STATUS={counts['queued']} waiting, {counts['done']} done, {counts['failed']} failed")

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


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Hold the state folder's lock, which ends with the process, however it ends."""
    try:
        make_folder(state)
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
