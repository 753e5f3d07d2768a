"""The executor of a Ray cluster, in the service: it imports no Ray, and talks to the driver, a child process."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from importlib.util import find_spec
from multiprocessing.connection import Connection, wait

import structlog

from colorizer.errors import TintdError
from colorizer.weights_path import weights_path
from daemon.config.settings import Config
from daemon.workers.child import Child
from daemon.workers.cluster.driver_main import main
from daemon.workers.cluster.messages import (
    Assign,
    Cancel,
    ClusterSpec,
    Connected,
    EndDriver,
    FromSlot,
    Report,
    SharedFolder,
    SlotFree,
    SlotLost,
    SlotReady,
    SlotSpec,
    SlotWaits,
)
from daemon.workers.cluster.paths import colour_on_node, task_on_node
from daemon.workers.cluster.remote_slot import RemoteSlot
from daemon.workers.events import Crashed, Event, Interrupted, Progress, WeightsLoaded
from daemon.workers.events import End as EndOfKey
from daemon.workers.executor import ExecutorStatus, Vacancy, Waitable, WorkerStatus
from daemon.workers.messages import Died, StartFailed
from daemon.workers.task import Task

_LONGEST_DELAY = 30.0
"""Longest delay between two starts of the driver, in seconds."""
_CHECK_SECONDS = 5.0
"""Seconds between two checks of slots that are busy."""
_SLACK = 60.0
"""Seconds after which a slot that has not ended a stalled job itself counts as hanging."""
_END_SECONDS = 5.0
"""Seconds within which the driver ends its slots."""

_log = structlog.get_logger()


class ClusterError(TintdError):
    """Ray is not installed."""


class ClusterExecutor:
    """An executor that does tasks on the nodes of a Ray cluster."""

    def __init__(self, config: Config) -> None:
        """Set up the slots; `start` starts the driver.

        Raises:
            ClusterError: Ray is not installed.

        """
        if find_spec("ray") is None:
            raise ClusterError(
                "work.executor is ray, but Ray is not installed: install tintd[ray] (it needs Python 3.11 or 3.12), "
                "or set work.executor to local"
            )
        self._driver: Child[Report] | None = None
        self._events: list[Event] = []
        self._attempts = 0
        self._failures = 0
        self._restart_at = 0.0
        self._problem: str | None = "the Ray cluster has not answered yet"
        """Why the driver does not run or is not connected."""
        self._was_ready = False
        self._configure(config)

    @property
    def status(self) -> ExecutorStatus:
        """The state now."""
        slots = self._slots.items()
        is_any_ready = any(slot.is_ready for slot in self._slots.values())
        waiting = next((slot.reason for slot in self._slots.values() if slot.reason), None)
        return ExecutorStatus(
            workers=tuple(
                WorkerStatus(f"slot {number} on {slot.node}", slot.is_ready, tuple(slot.keys)) for number, slot in slots
            ),
            was_ready=self._was_ready,
            is_complete=is_any_ready,
            start_error=self._problem or (None if is_any_ready else waiting),
        )

    def start(self) -> None:
        """Start the driver, unless it runs."""
        now = time.monotonic()
        if self._driver is not None or now < self._restart_at:
            return
        try:
            self._driver = Child(main, self._spec, "Ray driver")
        except OSError as error:
            self._note_loss(f"the system cannot start a process at present ({error.strerror})")

    def reconfigure(self, config: Config) -> None:
        """Change the slots to what is configured; what is being done is finished first."""
        before = self._slots
        self._configure(config)
        self._slots |= {number: slot for number, slot in before.items() if slot.is_busy or number in self._slots}
        for slot in self._slots.values():
            slot.is_ready = False  # until its worker has the weights that are configured now
        self._send(self._spec)

    def vacancies(self) -> list[Vacancy]:
        """List the slots that can be given a task."""
        colours = frozenset(self._colours)
        return [
            Vacancy(f"slot {number} on {slot.node}", colours, slot.unseen)
            for number, slot in self._slots.items()
            if slot.is_ready and not slot.is_busy and number < self._spec.slots
        ]

    def submit(self, task: Task, vacancy: Vacancy) -> None:
        """Give a task to a slot that was vacant at the last call of `vacancies`."""
        number = int(vacancy.worker.split()[1])
        slot = self._slots[number]
        self._attempts += 1
        slot.attempt, slot.is_busy, slot.keys = self._attempts, True, list(task.keys)
        slot.last_message_at = time.monotonic()
        self._send(Assign(number, slot.attempt, task_on_node(task, self._spec.paths)))

    def events(self, timeout: float, wakeup: Waitable | None = None) -> list[Event]:
        """Wait until something happens, and return what happened; this also supervises the driver."""
        waitables: list[Connection | int] = [] if self._driver is None else [self._driver.connection]
        if wakeup is not None:
            waitables.append(wakeup.fileno())
        wait(waitables, timeout=0 if self._events else timeout)
        while self._driver is not None and (report := self._driver.receive(0)) is not None:
            self._handle(report)
        self._end_hanging()
        self.start()
        events, self._events = self._events, []
        return events

    def seconds_until_check(self) -> float | None:
        """Seconds until `events` has to be called though nothing happens; None: whenever."""
        if self._driver is None:
            return max(0.1, self._restart_at - time.monotonic())
        return _CHECK_SECONDS if any(slot.is_busy for slot in self._slots.values()) else None

    def cancel(self, keys: Collection[int]) -> None:
        """Stop the slots that have these keys; their other keys are interrupted."""
        self._events = [event for event in self._events if isinstance(event, WeightsLoaded) or event.key not in keys]
        for number, slot in self._slots.items():
            if not set(keys).isdisjoint(slot.keys):
                self._events += [Interrupted(key) for key in slot.keys if key not in keys]
                slot.keys = []
                self._send(Cancel(number, slot.attempt))

    def stop(self) -> None:
        """Stop the driver, and all slots with it."""
        if self._driver is not None:
            self._send(EndDriver())
            self._driver.wait(_END_SECONDS)
            self._driver.stop()
        self._driver, self._events = None, []

    def _configure(self, config: Config) -> None:
        ray, work = config.ray, config.work
        self._stall_seconds = work.stall_seconds
        self._inputs = [folder.input for folder in config.folders]
        self._colours = tuple(dict.fromkeys(folder.colour for folder in config.folders))
        colours = tuple(colour_on_node(colour, ray.paths) for colour in self._colours)
        self._spec = ClusterSpec(
            address=ray.address,
            runtime_env=ray.runtime_env,
            slots=ray.slots,
            cpus=ray.cpus_per_slot,
            gpus=ray.gpus_per_slot,
            slot=SlotSpec(colours, work, threads=max(1, int(ray.cpus_per_slot))),
            weights=tuple(weights_path(colour.weights) for colour in self._colours),
            folders=tuple(SharedFolder(folder.input, folder.output) for folder in config.folders),
            paths=ray.paths,
        )
        self._slots = {number: RemoteSlot() for number in range(ray.slots)}

    def _send(self, message: object) -> None:
        try:
            if self._driver is not None:
                self._driver.send(message)
        except OSError:
            _log.warning("the Ray driver has ended")  # `events` finds out why

    def _handle(self, report: Report) -> None:
        match report:
            case Connected(nodes):
                self._failures, self._problem = 0, None
                _log.info("connected to the Ray cluster", address=self._spec.address, nodes=nodes)
            case StartFailed(reason):
                self._note_loss(reason)
            case Died(reason):
                self._note_loss(f"the head of the Ray cluster ({self._spec.address}) is away, or Ray failed: {reason}")
            case SlotReady():
                self._note_ready(report)
            case SlotWaits():
                self._note_waiting(report)
            case FromSlot(number, attempt, events):
                self._note_events(number, attempt, events)
            case SlotFree(number, attempt):
                self._free(number, attempt)
            case SlotLost():
                self._note_lost(report)

    def _note_ready(self, report: SlotReady) -> None:
        slot = self._slots.get(report.slot)
        if slot is None:
            return
        unseen = {self._inputs[number]: fault for number, fault in report.unseen.items() if number < len(self._inputs)}
        slot.node, slot.is_ready, slot.reason, slot.unseen = report.node, True, None, frozenset(unseen)
        self._was_ready = True
        self._events.append(WeightsLoaded(dict(zip(self._colours, report.weights, strict=False))))
        _log.info("slot ready", slot=report.slot, node=report.node)
        for folder, fault in unseen.items():
            _log.warning("a node cannot use a folder", node=report.node, folder=str(folder), reason=fault)

    def _note_waiting(self, report: SlotWaits) -> None:
        slot = self._slots.get(report.slot)
        if slot is not None and (slot.is_ready or slot.reason != report.reason):
            slot.is_ready, slot.reason, slot.node = False, report.reason, "no node"
            if report.is_fault:
                _log.warning("a slot waits", slot=report.slot, reason=report.reason)

    def _note_events(self, number: int, attempt: int, events: Iterable[Event]) -> None:
        """Pass on what an attempt reports, as far as somebody waits for it."""
        slot = self._slots.get(number)
        if slot is None or slot.attempt != attempt:
            return
        slot.last_message_at = time.monotonic()
        for event in events:
            if isinstance(event, Progress | EndOfKey) and event.key in slot.keys:
                self._events.append(event)
                if isinstance(event, EndOfKey):
                    slot.keys.remove(event.key)

    def _free(self, number: int, attempt: int) -> None:
        slot = self._slots.get(number)
        if slot is not None and slot.attempt == attempt:
            self._events += [Interrupted(key) for key in slot.keys]
            slot.is_busy, slot.keys = False, []
            if number >= self._spec.slots:
                del self._slots[number]

    def _note_lost(self, lost: SlotLost) -> None:
        """A lost node is nobody's fault; a process that ended alone may have been ended for what a file needs."""
        slot = self._slots.get(lost.slot)
        if slot is not None and slot.attempt == lost.attempt:
            _log.warning("a slot was lost", slot=lost.slot, reason=lost.reason)
            if not lost.is_node_lost:
                self._events += [Crashed(key, f"{lost.reason} on this file", "SIGKILL") for key in slot.keys]
                slot.keys = []
            slot.is_ready, slot.node = False, "no node"
            self._free(lost.slot, lost.attempt)

    def _note_loss(self, reason: str) -> None:
        """The driver has ended, and its slots with it: their jobs are put back, and it is started again later."""
        self._events += [Interrupted(key) for slot in self._slots.values() for key in slot.keys]
        if self._driver is not None:
            self._driver.stop()
        is_new, self._problem = self._problem != reason, reason
        self._driver = None
        self._slots = {number: RemoteSlot() for number in range(self._spec.slots)}
        self._was_ready = True  # the service has files to find meanwhile
        self._failures += 1
        self._restart_at = time.monotonic() + min(_LONGEST_DELAY, 2.0 ** (self._failures - 1))
        if is_new:
            _log.error("the Ray cluster is away; jobs wait for it", reason=reason)

    def _end_hanging(self) -> None:
        """Give up the jobs of slots that say nothing, although their nodes count as alive."""
        limit = time.monotonic() - self._stall_seconds - _SLACK
        for number, slot in self._slots.items():
            if slot.keys and slot.last_message_at < limit:
                reason = f"slot {number} on {slot.node} has said nothing for {self._stall_seconds + _SLACK:g} s"
                self._events += [Crashed(key, reason, is_stopped=True) for key in slot.keys]
                slot.keys = []
                self._send(Cancel(number, slot.attempt))
