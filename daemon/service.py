"""The service's life: start, watch, work, reload, drain, stop. It imports neither torch nor av."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import wait
from pathlib import Path

import structlog

from colorizer.errors import SettingsError, TintdError
from daemon.config.pause import Pause, by_hours, by_person, told
from daemon.config.settings import Config, load_config
from daemon.control.control_socket import Request
from daemon.control.hooks import Herald
from daemon.control.server import Desk
from daemon.jobs.dispatcher import Foreman
from daemon.jobs.intake import Intake
from daemon.jobs.recovery import take_up
from daemon.jobs.retries import longest_delay
from daemon.jobs.workspace import make_folders, sweep
from daemon.journal import requests
from daemon.journal.journal import Journal
from daemon.journal.maintenance import Pruning, mend_dates
from daemon.runtime.health import Pulse
from daemon.runtime.log import configure_log
from daemon.runtime.notify import notify, watchdog_interval
from daemon.runtime.signals import Signals
from daemon.runtime.state_lock import alone
from daemon.runtime.wakeup import Bell

_TICK = 0.5
"""Seconds between two looks at files that may be growing, and at running jobs."""
_SIGN = 5.0
"""Seconds between two lines of status for systemd where it expects no signs of life, and two looks at a full disk."""
_REST = 60.0
"""Seconds between two looks at the clock while only working hours could change something."""

_log = structlog.get_logger()


class StartError(TintdError):
    """The service cannot start."""


class Service:
    """The service, from start to stop."""

    def __init__(self, config: Config, path: Path) -> None:
        """Serve by a configuration, which is read again from its path at SIGHUP."""
        self._config = config
        self._path = path
        self._bell = Bell()
        self._signals = Signals()
        self._pulse = Pulse()
        self._pruning = Pruning(config)
        self._is_known_ready = False
        self._before: Config | None = None
        """The configuration to go back to if the workers cannot start with the present one."""
        self._closing: float | None = None
        """When the jobs that still run outside of working hours are put back."""
        self._next_upkeep = 0.0
        self._next_sign = 0.0

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT.

        Raises:
            StartError: weights or device are not as configured, or the address for monitoring cannot be had.
            ControlError: the control socket cannot be made.
            FolderError: a folder cannot be made.
            StateError: another tintd uses this state.
            JournalError: the journal cannot be used.

        """
        with alone(self._config.state), ExitStack() as stack:
            self._journal = stack.enter_context(closing(Journal(self._config.state)))
            self._herald = Herald(self._journal.database, self._config.hooks, self._bell.ring)
            stack.callback(self._herald.stop)
            make_folders(self._config.folders)
            take_up(self._journal, self._config, time.time(), refund=False)
            sweep(self._config.folders, self._journal)
            self._desk = Desk(self._config, self._bell.ring)
            stack.callback(self._desk.close)
            self._foreman = Foreman(self._config, self._journal)
            stack.callback(self._foreman.dismiss)
            self._intake = Intake(self._config, self._journal, self._bell.ring)
            stack.enter_context(self._signals.heard(self._bell))
            stack.enter_context(self._monitored())
            stack.callback(self._drain)
            self._intake.start()
            self._serve()

    @contextmanager
    def _monitored(self) -> Iterator[None]:
        """Answer over HTTP, where that is configured."""
        if self._config.monitoring.address == "off":
            yield
            return
        from daemon.control.monitoring import monitored  # noqa: PLC0415 (costs memory where it is used)

        with ExitStack() as stack:
            try:
                stack.enter_context(monitored(self._config, self._pulse))
            except OSError as error:
                raise StartError(f"monitoring.address {self._config.monitoring.address}: {error}") from error
            yield

    def _serve(self) -> None:
        while not self._signals.stops:
            try:
                self._turn()
            except sqlite3.OperationalError as error:
                self._wait_for_the_journal(error)

    def _turn(self) -> None:
        """Once around: listen, look, take in, give out."""
        self._wait(self._rest())
        if self._signals.take_reload():
            self._reload()
        self._check_crew()
        self._desk.serve(self._grant)
        self._intake.look_around()
        self._intake.take_in()
        self._work()
        self._foreman.mind()
        self._keep_up()
        self._give_sign()

    def _wait(self, seconds: float) -> None:
        """Sleep until a worker speaks, the bell rings, or there is something to look at."""
        speakers = self._foreman.crew.connections
        speaking = wait([*speakers, self._bell.fileno()], timeout=seconds)
        self._bell.silence()
        for connection, hand in speakers.items():
            message = hand.worker.listen(0) if hand.worker is not None and connection in speaking else None
            if message is not None:
                self._foreman.hear(hand, message)

    def _rest(self) -> float:
        """Seconds for which nothing needs the service."""
        if self._intake.is_waiting or self._foreman.tasks or not self._foreman.crew.is_complete:
            return _TICK
        now = time.monotonic()
        needed = [self._next_upkeep - now, self._intake.next_scan() - now]
        if watchdog_interval() is not None:
            needed.append(self._next_sign - now)
        if self._config.work.hours:
            needed.append(_REST)
        if self._foreman.closed:
            needed.append(_SIGN)
        until_sleep = self._foreman.crew.rest()
        if until_sleep is not None:
            needed.append(until_sleep)
        due = None if self._foreman.closed or self._wished() else self._journal.next_due()
        if due is not None:
            needed.append(due - time.time())
        return max(0.0, min(needed))

    def _check_crew(self) -> None:
        """Tell when the first workers are ready; refuse a start, or a reload, with which they cannot be."""
        crew = self._foreman.crew
        if crew.unfit is not None:
            raise StartError(crew.unfit)
        if crew.is_complete:
            self._before = None
        elif self._before is not None and crew.trouble is not None:
            _log.error("not reloaded", reason=crew.trouble)
            config, self._before = self._before, None
            self._apply(config)
        if crew.was_ready and not self._is_known_ready:
            self._is_known_ready = True
            notify("READY=1")
            _log.info("ready", folders=[str(folder.input) for folder in self._config.folders])

    def _work(self) -> None:
        """Give out jobs, if this is the time for it; when working hours end, what runs is put back after a while."""
        pauses = self._wished()
        if not pauses:
            self._foreman.offer()
        if all(pause.by != "hours" for pause in pauses):
            self._closing = None
        elif self._closing is None:
            self._closing = time.monotonic() + self._config.work.grace_seconds
        elif time.monotonic() >= self._closing:
            self._foreman.put_back()

    def _wished(self) -> list[Pause]:
        """Why no job is begun, by somebody's wish."""
        now = datetime.now(UTC).astimezone()
        return [*by_person(self._journal.paused), *by_hours(self._config.work.hours, now)]

    def _reload(self) -> None:
        """Read the configuration again; a wrong one changes nothing, and no work is lost."""
        notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        before = self._config
        try:
            config = load_config(self._path)
            if (config.state, config.control) != (before.state, before.control):
                raise SettingsError("`state` and `control` change only with a restart")
            if (config.hooks, config.monitoring) != (before.hooks, before.monitoring):
                raise SettingsError("`hooks` and `monitoring` change only with a restart")
            make_folders(config.folders)
            self._apply(config)
        except TintdError as error:
            _log.error("not reloaded", reason=str(error))
        else:
            self._before = self._before or before  # the last with which workers were ready
            _log.info("reloaded", folders=[str(folder.input) for folder in config.folders])
        notify("READY=1")

    def _apply(self, config: Config) -> None:
        """Go on by another configuration; files that are still growing are found again by a scan."""
        self._config = config
        self._pruning = Pruning(config)
        configure_log(config.log)
        self._intake.stop()
        self._intake = Intake(config, self._journal, self._bell.ring)
        self._intake.start()
        self._foreman.reform(config)

    def _grant(self, request: Request) -> str:
        now = time.time()
        if request.wish == "cancel":
            return requests.told(self._foreman.cancel(request.pattern), "cancelled", "cancelled")
        if request.wish == "pause now":
            self._foreman.put_back()
            return requests.grant(self._journal, "pause", "*", now)
        said = requests.grant(self._journal, request.wish, request.pattern, now)
        if request.wish == "forget":
            sweep(self._config.folders, self._journal)
            self._intake.rescan()
        return said

    def _wait_for_the_journal(self, error: sqlite3.OperationalError) -> None:
        """Where the journal cannot be written (its disk is full), do nothing until it can, and then go on."""
        self._foreman.abandon()
        self._intake.rescan()
        since = time.time()
        while not self._signals.stops:
            _log.error("the journal cannot be written; everything waits", reason=str(error))
            says = f"the journal cannot be written: {error}"
            notify("WATCHDOG=1", f"STATUS={says}")
            self._pulse.beat(ready=True, paused=says)
            self._desk.tell(says, self._foreman.crew.hands, [Pause("journal", says, since)])
            wait([self._bell.fileno()], timeout=_SIGN)
            self._bell.silence()
            try:
                return take_up(self._journal, self._config, time.time(), refund=True)
            except sqlite3.OperationalError as again:
                error = again
        return None

    def _keep_up(self) -> None:
        """Tell who is to be told, and now and then put the journal and the work folders in order."""
        now = time.time()
        self._herald.tend(now)
        if time.monotonic() >= self._next_upkeep:
            self._next_upkeep = time.monotonic() + self._config.watching.rescan_seconds
            mend_dates(self._journal.database, now, longest_delay(self._config))
            self._pruning.go_on(self._journal.database, now)
            sweep(self._config.folders, self._journal)

    def _give_sign(self) -> None:
        """Tell systemd, and who asks, that the service lives, and what it does; systemd not if no worker can work."""
        crew = self._foreman.crew
        pauses = self._wished() or self._foreman.pauses
        paused = told(pauses)
        self._pulse.beat(ready=crew.was_ready, paused=paused)
        says = f"paused: {paused}" if paused else "at work" if self._foreman.tasks else "waiting for files"
        if crew.trouble is not None:
            says = f"a worker cannot start: {crew.trouble}"
        self._desk.tell(says, crew.hands, pauses)
        if time.monotonic() < self._next_sign:
            return
        self._next_sign = time.monotonic() + (watchdog_interval() or _SIGN)
        self._desk.check()
        counts = self._journal.counts()
        says += f"; {counts['queued']} waiting, {counts['done']} done, {counts['failed']} failed"
        if not crew.lost:
            notify("WATCHDOG=1", f"STATUS={says}")
        else:
            notify(f"STATUS={says}")

    def _drain(self) -> None:
        """Let running jobs finish within the grace time; those that do not are put back."""
        notify("STOPPING=1")
        self._intake.stop()
        try:
            self._let_finish()
        except sqlite3.OperationalError as error:  # its disk is full; the next start puts back what ran
            _log.error("the journal cannot be written", reason=str(error))
            self._foreman.abandon()
        _log.info("stopped")

    def _let_finish(self) -> None:
        deadline = time.monotonic() + self._config.work.grace_seconds
        while self._foreman.tasks and self._signals.stops < 2 and time.monotonic() < deadline:
            self._wait(_TICK)
            self._foreman.mind()
            self._desk.serve(self._grant)
        self._foreman.put_back()
