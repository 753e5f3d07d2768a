"""The pool of worker processes on this machine: the executor behind `tintd run` and `tintd colorize`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection, wait

import structlog

from colorizer.processors import available_processors
from colorizer.settings import ColourSettings
from daemon.config.settings import Config
from daemon.config.work import Work
from daemon.workers.events import Crashed, Event, Interrupted, Progress, WeightsLoaded
from daemon.workers.executor import ExecutorStatus, Vacancy, Waitable, WorkerStatus
from daemon.workers.messages import Died, Message, Ready, Started, StartFailed, WorkerSpec
from daemon.workers.slot import FAILING, WorkerSlot
from daemon.workers.task import Task

_START_SECONDS = 300.0
"""Time within which a worker must load its weights."""
_CHECK_SECONDS = 0.5
"""Time between two checks of workers that are busy or start."""

_log = structlog.get_logger()


class WorkerPool:
    """An executor that does tasks in processes of this machine: a number of workers for each device."""

    def __init__(
        self,
        colours: Iterable[ColourSettings],
        work: Work,
        *,
        all_devices: bool = True,
        may_fork: bool = False,
        threads: int | None = None,
    ) -> None:
        """Set up the slots; `start` starts their workers.

        Args:
            colours: colour settings of all jobs to come; each worker loads the weights for those of its device.
            work: number of workers for each device, and the limits that they must keep.
            all_devices: whether the device `auto` has workers on every GPU, or only on the first.
            may_fork: whether workers may be forks of this process, see `WorkerSpec`.
            threads: number of threads with which each worker computes; None: its share of the processors.

        """
        self._colours = tuple(dict.fromkeys(colours))
        self._work = work
        self._all_devices = all_devices
        self._may_fork = may_fork
        self._threads = threads
        self._devices: tuple[str | None, ...] = (None,)
        self._slots: list[WorkerSlot] = []
        self._events: list[Event] = []
        self._refusal: str | None = None
        self._was_ready = False
        self._update_slots()

    @property
    def status(self) -> ExecutorStatus:
        """The state now."""
        slots = self._slots
        return ExecutorStatus(
            workers=tuple(WorkerStatus(slot.name, slot.is_ready, tuple(slot.keys)) for slot in slots),
            was_ready=self._was_ready,
            is_complete=all(slot.is_settled for slot in slots),
            is_parked=any(slot.is_parked for slot in slots),
            start_error=next((slot.start_error for slot in slots if slot.start_error and not slot.is_retiring), None),
            refusal=self._refusal,
            is_failing=any(slot.is_failing for slot in slots),
        )

    def start(self) -> None:
        """Start every configured worker that does not run, parked ones included."""
        for slot in self._slots:
            slot.is_parked = False
        self._fill()

    def reconfigure(self, config: Config) -> None:
        """Change the workers to what is configured; a worker that is busy finishes its task first."""
        self.configure((folder.colour for folder in config.folders), config.work)

    def configure(self, colours: Iterable[ColourSettings], work: Work) -> None:
        """Change the workers to those for other colour settings and limits."""
        self._colours, self._work = tuple(dict.fromkeys(colours)), work
        self._update_slots()
        self._fill()

    def vacancies(self) -> list[Vacancy]:
        """List the workers that can be given a task."""
        return [Vacancy(slot.name, frozenset(slot.spec.colours)) for slot in self._slots if slot.is_idle]

    def submit(self, task: Task, vacancy: Vacancy) -> None:
        """Give a task to a worker that was vacant at the last call of `vacancies`."""
        slot = next(slot for slot in self._slots if slot.is_idle and slot.name == vacancy.worker)
        slot.assign(task.keys, time.monotonic())
        try:
            if slot.worker is not None:
                slot.worker.send(task)
        except OSError:
            _log.warning("a worker has ended", worker=slot.name)  # `events` finds out why

    def events(self, timeout: float, wakeup: Waitable | None = None) -> list[Event]:
        """Wait until something happens, and return what happened; this also supervises the workers."""
        connections = {slot.worker.connection: slot for slot in self._slots if slot.worker is not None}
        waitables: list[Connection | int] = [*connections]
        if wakeup is not None:
            waitables.append(wakeup.fileno())
        readable = wait(waitables, timeout=0 if self._events else timeout)
        for connection, slot in connections.items():
            if connection in readable:
                self._receive(slot)
        self._supervise()
        events, self._events = self._events, []
        return events

    def seconds_until_check(self) -> float | None:
        """Seconds until `events` has to be called though nothing happens; None: whenever."""
        if any(slot.keys or not slot.is_settled for slot in self._slots):
            return _CHECK_SECONDS
        now = time.monotonic()
        left = (slot.idle_seconds_left(self._work, now) for slot in self._slots)
        return min((seconds for seconds in left if seconds is not None), default=None)

    def cancel(self, keys: Collection[int]) -> None:
        """Stop the workers that have these keys; their other keys are interrupted."""
        self._events = [event for event in self._events if isinstance(event, WeightsLoaded) or event.key not in keys]
        for slot in self._slots:
            if not set(keys).isdisjoint(slot.keys):
                self._events += [Interrupted(key) for key in slot.stop() if key not in keys]

    def stop(self) -> None:
        """Stop all workers at once."""
        for slot in self._slots:
            slot.stop()
        self._events = []

    def _receive(self, slot: WorkerSlot) -> None:
        while slot.worker is not None and (message := slot.worker.receive(0)) is not None:
            slot.last_message_at = time.monotonic()
            self._handle(slot, message)

    def _handle(self, slot: WorkerSlot, message: Message) -> None:
        match message:
            case Ready():
                self._note_ready(slot, message)
            case StartFailed(reason):
                self._note_failed_start(slot, reason, is_final=True)
            case Died() if not slot.is_ready:  # a signal may have come from outside: another start may succeed
                is_final = message.signal is None or slot.failures + 1 >= FAILING
                self._note_failed_start(slot, message.describe("while it loaded the weights"), is_final=is_final)
            case Died():
                self._note_crash(slot, message.describe("on this file"), message.signal)
            case Started(key):
                slot.current, slot.job_started_at = key, slot.last_message_at
            case Progress():
                self._events.append(message)
            case end:
                slot.keys.remove(end.key)
                self._events.append(end)

    def _note_ready(self, slot: WorkerSlot, ready: Ready) -> None:
        slot.note_ready()
        self._was_ready = self._was_ready or all(other.is_ready for other in self._slots)
        self._events.append(WeightsLoaded(ready.weights))
        has_more = self._all_devices and len(ready.devices) > 1
        if has_more and len(self._devices) == 1 and slot.spec.device is None:
            self._devices = (None, *ready.devices[1:])
            self._update_slots()

    def _note_crash(self, slot: WorkerSlot, reason: str, signal: str | None, *, is_stopped: bool = False) -> None:
        """The file that the worker was at is to blame; the other ones that it had are not."""
        current = slot.current
        keys = slot.stop()
        self._events += [Interrupted(key) for key in keys if key != current]
        if current is not None and current in keys:
            self._events.append(Crashed(current, reason, signal, is_stopped))

    def _note_failed_start(self, slot: WorkerSlot, reason: str, *, is_final: bool) -> None:
        slot.stop()
        slot.note_failed_start(reason, time.monotonic())
        _log.error("a worker cannot start", reason=reason, failures=slot.failures)
        if is_final and not self._was_ready:
            self._refusal = reason

    def _supervise(self) -> None:
        """Stop what exceeds a limit, park and replace what is idle, and fill the empty slots."""
        for slot in self._slots:
            now = time.monotonic()
            excess = slot.exceeded_limit(self._work, now)
            left = slot.idle_seconds_left(self._work, now)
            if excess is not None:
                self._note_crash(slot, excess, "SIGKILL", is_stopped=True)
            elif slot.worker is not None and not slot.is_ready and now - slot.last_message_at > _START_SECONDS:
                reason = f"the weights were not loaded within {_START_SECONDS:.0f} s"
                self._note_failed_start(slot, reason, is_final=True)
            elif left is not None and left <= 0:
                _log.info("worker parked", worker=slot.name)
                slot.stop()
                slot.is_parked = True
            elif slot.is_leaking(self._work):
                _log.info("worker replaced", worker=slot.name, mib=slot.rss >> 20, baseline_mib=slot.baseline_rss >> 20)
                slot.stop()
        self._fill()

    def _fill(self) -> None:
        """Remove the slots that are no longer configured, and start workers in the empty ones."""
        if all(slot.is_settled for slot in self._slots):  # else a reload that fails may need the old workers again
            for slot in [slot for slot in self._slots if slot.is_retiring and not slot.keys]:
                slot.stop()
                self._slots.remove(slot)
        for slot in self._slots:
            if slot.needs_worker(time.monotonic()):
                self._start_worker(slot)

    def _start_worker(self, slot: WorkerSlot) -> None:
        try:
            slot.start(time.monotonic())
        except OSError as error:  # no process, descriptor or memory at the moment: that passes
            reason = f"the system cannot start a process at present ({error.strerror})"
            self._note_failed_start(slot, reason, is_final=False)

    def _update_slots(self) -> None:
        """Mark the slots that the configuration no longer has, and add those that it has anew."""
        wanted = Counter(self._specs())
        threads = self._threads or max(1, available_processors() // max(1, wanted.total()))
        for slot in self._slots:
            slot.is_retiring = wanted[slot.spec] == 0
            wanted[slot.spec] -= not slot.is_retiring
        self._slots += [WorkerSlot(replace(spec, threads=threads)) for spec in wanted.elements()]

    def _specs(self) -> Iterator[WorkerSpec]:
        """One for each worker that is configured."""
        work = self._work
        for device in dict.fromkeys(colour.device for colour in self._colours):
            colours = tuple(colour for colour in self._colours if colour.device == device)
            for own in self._devices if device == "auto" else (None,):
                yield from [WorkerSpec(colours, own, work.nice, work.io_class, may_fork=self._may_fork)] * work.workers
