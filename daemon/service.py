"""The service: start, watch, work, reload, drain, stop. It imports neither torch nor av."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path

import structlog

from colorizer.errors import TintdError
from daemon.config.pause import Pause, by_hours, by_person
from daemon.config.reloading import load_changed
from daemon.config.settings import Config
from daemon.control import requests
from daemon.control.hooks import HookRunner
from daemon.control.reporter import Reporter
from daemon.control.requests import Applied, Request
from daemon.control.server import ControlServer
from daemon.files.text import in_words
from daemon.jobs.dispatcher import Dispatcher
from daemon.jobs.intake import Intake
from daemon.jobs.recovery import recover
from daemon.jobs.upkeep import Upkeep
from daemon.jobs.workspace import make_folders
from daemon.journal.journal import Journal
from daemon.runtime.folder_claims import FolderClaims
from daemon.runtime.log import configure_log
from daemon.runtime.notify import notify
from daemon.runtime.service_state import LONGEST_REST, LatestState
from daemon.runtime.signals import Signals
from daemon.runtime.state_lock import state_locked
from daemon.runtime.wakeup import Wakeup
from daemon.web.supervisor import WebSupervisor
from daemon.workers.opening import open_executor

_TICK = 0.5
"""Seconds between two looks at running jobs and starting workers."""
_RETRY = 5.0
"""Seconds between two looks at a full disk, a journal that cannot be written, or a removed control socket."""

_log = structlog.get_logger()


class StartError(TintdError):
    """The service cannot start."""


class Service:
    """The service, from start to stop. One thread runs its main loop; all that may take long runs in others."""

    def __init__(self, config: Config, path: Path) -> None:
        """Make a service for a configuration, which SIGHUP has it read again from its path."""
        self._config = config
        self._path = path
        self._wakeup = Wakeup()
        self._signals = Signals()
        self._latest = LatestState()
        self._claims = FolderClaims()
        self._is_announced = False
        """Whether systemd and the log have been told that the service is ready."""
        self._before: Config | None = None
        """The configuration to go back to if the workers cannot start with the present one."""
        self._put_back_at: float | None = None
        """When the jobs that still run outside of working hours are stopped, by the monotonic clock."""
        self._next_check = 0.0
        """When the control socket is checked next, by the monotonic clock."""

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: weights or device are not as configured, or the monitoring address is not available.
            ControlError: the control socket cannot be made.
            FolderError: a folder cannot be made.
            StateError: another tintd uses this state.
            JournalError: the journal cannot be used.

        """
        with state_locked(self._config.state), ExitStack() as stack:
            self._journal = stack.enter_context(closing(Journal(self._config.state)))
            self._reporter = Reporter(self._journal, self._config.state / "journal.sqlite3", self._latest)
            self._hooks = HookRunner(self._journal.outbox, self._config.hooks, self._wakeup.wake)
            stack.callback(self._hooks.stop)
            self._upkeep = Upkeep(self._config, self._journal)
            self._claims.check(self._config.folders)
            make_folders(self._config.folders)
            recover(self._journal, self._config, time.time(), counts=True)
            self._control = ControlServer(self._config, self._latest, self._wakeup.wake)
            stack.callback(self._control.close)
            self._executor = open_executor(self._config)
            stack.callback(self._executor.stop)
            self._dispatcher = Dispatcher(self._config, self._journal, self._executor)
            self._executor.start()
            self._intake = Intake(self._config, self._journal, self._wakeup.wake)
            stack.enter_context(self._signals.received(self._wakeup))
            stack.enter_context(self._monitored())
            self._web = stack.enter_context(WebSupervisor(self._config, self._path, lambda: self._latest.value.ready))
            stack.callback(self._drain)
            self._intake.start()
            self._loop()

    def cancel(self, pattern: str) -> list[int]:
        """Give up jobs, also those that run; returns their numbers."""
        return self._dispatcher.cancel(pattern)

    def put_back(self) -> None:
        """Stop all running jobs, and let them wait again."""
        self._dispatcher.put_back()

    def find_again(self) -> None:
        """Take in again the files that the journal does not know any more."""
        self._upkeep.hasten()
        self._intake.watcher.rescan()

    @contextmanager
    def _monitored(self) -> Iterator[None]:
        """Serve metrics and health over HTTP, if that is configured."""
        address = self._config.monitoring.address
        if address == "off":
            yield
            return
        from daemon.control.monitoring import monitored  # noqa: PLC0415 (it costs memory where it is used)

        with ExitStack() as stack:
            try:
                stack.enter_context(monitored(address, self._latest))
            except (OSError, OverflowError) as error:  # OverflowError: a port above 65535
                raise StartError(f"monitoring.address {address}: {in_words(error)}") from error
            yield

    def _loop(self) -> None:
        while not self._signals.stops:
            try:
                self._iterate()
            except sqlite3.OperationalError as error:
                self._wait_for_journal(error)
            except OSError as error:
                if error.errno not in {errno.EMFILE, errno.ENFILE}:
                    raise
                _log.error("too many open files; everything waits", seconds=_RETRY)
                time.sleep(_RETRY)

    def _iterate(self) -> None:
        """One iteration of the main loop."""
        self._wait(self._seconds_to_next())
        if self._signals.take_reload():
            self._reload()
        self._check_workers()
        self._control.serve(self._apply_request)
        self._intake.take_in()
        self._dispatcher.stop_superseded()
        self._work()
        self._dispatcher.write_progress()
        self._hooks.poll(time.time())
        self._check_control()
        self._upkeep.do_if_due()
        self._reporter.report(self._dispatcher, self._executor.status, self._pauses(), self._intake.watcher.states())

    def _wait(self, seconds: float) -> None:
        """Sleep until a worker sends a message, something wakes the loop, or the time is over."""
        events = self._executor.events(seconds, self._wakeup)
        self._wakeup.clear()
        self._dispatcher.handle_all(events)

    def _seconds_to_next(self) -> float:
        """Seconds until something is due. All that must happen at some time, without an event, stands here."""
        if self._intake.is_waiting or self._dispatcher.running:
            return _TICK
        now, clock = time.monotonic(), time.time()
        waits = [LONGEST_REST, self._upkeep.seconds_until_due(), self._next_check - now]
        if self._dispatcher.closed:
            waits.append(_RETRY)
        due = self._reporter.next_due()
        waits += [] if due is None else [due - now]
        check = self._executor.seconds_until_check()
        waits += [] if check is None else [check]
        due = self._hooks.next_due()
        waits += [] if due is None else [due - clock]
        due = None if self._dispatcher.closed or self._pauses() else self._journal.next_due()
        if due is not None:
            waits.append(due - clock if due > clock else _TICK)  # a job that is due waits for a worker, which may start
        return max(0.0, min(waits))

    def _check_workers(self) -> None:
        """Say when the first workers are ready; refuse a start, or a reload, with which they cannot be."""
        status = self._executor.status
        if status.refusal is not None:
            raise StartError(status.refusal)
        if status.is_complete:
            self._before = None
        elif self._before is not None and status.start_error is not None:
            _log.error("not reloaded", reason=status.start_error)
            config, self._before = self._before, None
            self._configure(config)
        if status.was_ready and not self._is_announced:
            self._is_announced = True
            notify("READY=1")
            _log.info("ready", folders=[str(folder.input) for folder in self._config.folders])

    def _work(self) -> None:
        """Give out jobs unless they pause; when working hours have ended, running jobs are put back after a while."""
        pauses = self._pauses()
        if not pauses:
            self._dispatcher.start_jobs()
        if all(pause.by != "hours" for pause in pauses):
            self._put_back_at = None
        elif self._put_back_at is None:
            self._put_back_at = time.monotonic() + self._config.work.grace_seconds
        elif time.monotonic() >= self._put_back_at:
            self._dispatcher.put_back()

    def _pauses(self) -> list[Pause]:
        """The pauses that people have asked for, at once or by working hours, and that of a removed journal."""
        hours = by_hours(self._config.work.hours, datetime.now(UTC).astimezone())
        return [*by_person(*self._journal.pause_by_person), *hours, *self._reporter.pauses()]

    def _reload(self) -> None:
        """Read the configuration again; a wrong one changes nothing, and no work is lost."""
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        before = self._config
        try:
            config = load_changed(self._path, before)
            self._claims.check(config.folders)
            make_folders(config.folders)
            self._configure(config)
        except (TintdError, OSError) as error:  # OSError: too many open files
            _log.error("not reloaded", reason=in_words(error))
        else:
            self._before = self._before or before  # the latest with which workers were ready
            _log.info("reloaded", folders=[str(folder.input) for folder in config.folders])
        notify("READY=1")

    def _configure(self, config: Config) -> None:
        """Apply another configuration; a scan finds again the files that are still growing."""
        intake = Intake(config, self._journal, self._wakeup.wake)  # first: if this raises, nothing has changed
        self._config = config
        self._upkeep.reconfigure(config)
        configure_log(config.log)
        self._intake.stop()
        self._intake = intake
        self._intake.start()
        self._dispatcher.reconfigure(config)
        self._web.reconfigure(config)

    def _apply_request(self, request: Request) -> Applied:
        return requests.apply(request, self._journal, time.time(), self)

    def _wait_for_journal(self, error: sqlite3.OperationalError) -> None:
        """Do nothing until the journal can be written again (its disk is full, say), and then continue."""
        self._dispatcher.abandon()
        self._intake.watcher.rescan()
        since = time.time()
        while not self._signals.stops:
            _log.error("the journal cannot be written; everything waits", reason=str(error))
            self._reporter.report_unwritable(f"the journal cannot be written: {error}", since, self._executor.status)
            wait([self._wakeup.fileno()], timeout=_RETRY)
            self._wakeup.clear()
            try:
                return recover(self._journal, self._config, time.time(), counts=False)
            except sqlite3.OperationalError as again:
                error = again
        return None

    def _check_control(self) -> None:
        """Check every few seconds that people can ask the service."""
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _RETRY
            self._control.check()

    def _drain(self) -> None:
        """Let running jobs finish within the grace time; those that do not are put back."""
        self._reporter.report_stop(self._dispatcher, self._executor.status)
        self._intake.stop()
        try:
            self._let_finish()
        except sqlite3.OperationalError as error:  # its disk is full; the next start puts back what ran
            _log.error("the journal cannot be written", reason=str(error))
            self._dispatcher.abandon()
        _log.info("stopped")

    def _let_finish(self) -> None:
        deadline = time.monotonic() + self._config.work.grace_seconds
        while self._dispatcher.running and self._signals.stops < 2 and time.monotonic() < deadline:
            self._wait(_TICK)
            self._dispatcher.write_progress()
            self._control.serve(self._apply_request)
            self._reporter.report_stop(self._dispatcher, self._executor.status)
        self._dispatcher.put_back()
