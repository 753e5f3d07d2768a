"""Makes the state of the service after each iteration of the main loop, and tells systemd what it says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from daemon.config.pause import Pause, reasons
from daemon.jobs.dispatcher import Dispatcher
from daemon.jobs.running_job import RunningJob
from daemon.jobs.time_left import seconds_left
from daemon.journal.journal import Journal
from daemon.journal.workload import Workload, read_workload
from daemon.runtime.log import show_progress
from daemon.runtime.notify import notify, watchdog_interval
from daemon.runtime.service_state import LatestState, ServiceState, WatchState, WorkerState
from daemon.workers import ExecutorStatus

_STATUS_SECONDS = 5.0
"""Seconds between two messages to systemd while jobs run, and where it has no watchdog for the service."""
_COUNTING_SHARE = 0.05
"""Counting the files of a large journal takes at most this share of the time."""

_log = structlog.get_logger()


class Reporter:
    """What the main loop tells the other threads and systemd."""

    def __init__(self, journal: Journal, journal_file: Path, latest: LatestState) -> None:
        """Report on a journal; `latest` receives each state."""
        self._journal = journal
        self._journal_file = journal_file
        self._latest = latest
        self._counted_changes = -1
        self._counts: dict[str, int] = {}
        self._oldest_due: float | None = None
        self._workload = Workload({}, {})
        self._next_count = 0.0
        self._next_message = 0.0
        self._removed_since: float | None = None
        """When the journal was found to be removed, in seconds since the epoch."""

    def pauses(self) -> list[Pause]:
        """The pause of a service whose journal was removed: what it did now would be forgotten, and done again."""
        if self._journal_file.exists():
            self._removed_since = None
            return []
        reason = f"{self._journal_file} was removed while the service was running; restart tintd"
        if self._removed_since is None:
            self._removed_since = time.time()
            _log.error("paused", reason=reason)
        return [Pause("journal", reason, self._removed_since)]

    def report(
        self,
        dispatcher: Dispatcher,
        executor: ExecutorStatus,
        pauses: Sequence[Pause],
        watches: tuple[WatchState, ...],
    ) -> None:
        """Make the state of the service from its parts; called at the end of each iteration."""
        self._count()
        pauses = pauses or dispatcher.pauses
        self._latest.value = ServiceState(
            summary=_summary(executor, reasons(pauses), is_working=bool(dispatcher.running)),
            ready=executor.was_ready,
            iterations=self._latest.value.iterations + 1,
            workers=_workers(executor, dispatcher.running),
            jobs=tuple(job.progress for job in dispatcher.running.values()),
            watches=watches,
            seconds_left=self._seconds_left(dispatcher, executor),
            pauses=tuple(pauses),
            counts=self._counts,
            oldest_due=self._oldest_due,
            journal_problem=reasons(self.pauses()),
        )
        show_progress(self._latest.value.progress)
        if self.seconds_to_message() <= 0:
            self._tell_systemd(is_alive=not executor.is_failing)

    def report_unwritable(self, reason: str, since: float, executor: ExecutorStatus) -> None:
        """Report that everything waits because the journal cannot be written."""
        before = self._latest.value
        self._latest.value = ServiceState(
            summary=reason,
            ready=True,
            iterations=before.iterations + 1,
            workers=_workers(executor, {}),
            pauses=(Pause("journal", reason, since),),
            counts=self._counts,
            oldest_due=self._oldest_due,
        )
        notify("WATCHDOG=1", f"STATUS={reason}")

    def report_stop(self, dispatcher: Dispatcher, executor: ExecutorStatus) -> None:
        """Report that the service stops once its running jobs have finished; called until they have."""
        is_working = bool(dispatcher.running)
        before = self._latest.value
        self._latest.value = replace(
            before,
            summary="stopping: running files may finish" if is_working else "stopping",
            iterations=before.iterations + 1,
            workers=_workers(executor, dispatcher.running),
            jobs=tuple(job.progress for job in dispatcher.running.values()),
            seconds_left=None,
            made_at=time.monotonic(),
        )
        notify("STOPPING=1", *(["STATUS=finishing"] if is_working else []))
        show_progress("finishing; Ctrl-C again stops at once" if is_working else "")

    def seconds_to_message(self) -> float:
        """Seconds until systemd expects the next message."""
        return self._next_message - time.monotonic()

    def next_due(self) -> float | None:
        """When the service must report again, by the monotonic clock; None where nothing calls for it."""
        dues = [self._next_message] if watchdog_interval() is not None else []
        if self._counted_changes != self._journal.database.total_changes:
            dues.append(self._next_count)
        return min(dues, default=None)

    def _count(self) -> None:
        """Count the files in each state, if the journal has changed."""
        changes, begun = self._journal.database.total_changes, time.monotonic()
        if changes == self._counted_changes or begun < self._next_count:
            return
        self._counted_changes = changes
        self._counts = {str(state): number for state, number in self._journal.counts().items()}
        self._oldest_due = self._journal.next_due()
        self._workload = read_workload(self._journal.database)
        ended = time.monotonic()
        self._next_count = ended + (ended - begun) / _COUNTING_SHARE

    def _seconds_left(self, dispatcher: Dispatcher, executor: ExecutorStatus) -> float | None:
        if not (dispatcher.running or self._workload.waiting):
            return None
        return seconds_left(self._workload, dispatcher.running.values(), len(executor.workers), time.time())

    def _tell_systemd(self, *, is_alive: bool) -> None:
        """Send the status line, and a sign of life unless no worker can be started."""
        state = self._latest.value
        resting = watchdog_interval() or _STATUS_SECONDS
        self._next_message = time.monotonic() + (min(resting, _STATUS_SECONDS) if state.jobs else resting)
        waiting, held, done, failed = (state.counts.get(name, 0) for name in ("waiting", "held", "done", "failed"))
        status = f"STATUS={state.progress}; {waiting + held} waiting, {done} done, {failed} failed"
        notify(*(["WATCHDOG=1"] if is_alive else []), status)


def _summary(executor: ExecutorStatus, paused: str | None, *, is_working: bool) -> str:
    if executor.start_error is not None:
        return f"a worker cannot start: {executor.start_error}"
    if paused is not None:
        return f"paused: {paused}"
    if not executor.was_ready:
        return "loading the weights"
    return "colouring" if is_working else "waiting for files"


def _workers(executor: ExecutorStatus, running: Mapping[int, RunningJob]) -> tuple[WorkerState, ...]:
    def files_of(keys: Iterable[int]) -> tuple[str, ...]:
        return tuple(running[key].file for key in keys if key in running)

    return tuple(WorkerState(worker.name, worker.is_ready, files_of(worker.keys)) for worker in executor.workers)
