"""The crew: worker processes for every device, hired, watched, and replaced when they die, hang, or hold too much."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil
import structlog

from daemon.config.settings import Config
from daemon.workers.messages import Begun, Died, Message, Outfit, Progress, Ready, Unfit
from daemon.workers.task import Task
from daemon.workers.worker import Worker

_START = 300.0
"""Seconds within which a worker must have loaded its weights."""
_LOST = 5
"""After so many starts in vain a place counts as one that cannot be filled."""
_LONGEST_WAIT = 60.0
"""Seconds between two starts in vain, at most."""

_log = structlog.get_logger()


class Excess(NamedTuple):
    """A limit that a worker went beyond."""

    hand: Hand
    reason: str


@dataclass(eq=False, slots=True)
class Hand:
    """A place in the crew: its worker, where it has one, and what that does. Times by the monotonic clock."""

    outfit: Outfit
    worker: Worker | None = None
    ready: bool = False
    asleep: bool = False
    """Whether it has had nothing to do for so long that its worker has ended."""
    retiring: bool = False
    """Whether the configuration has no place for it any more."""
    tasks: dict[int, Task] = field(default_factory=dict)
    """What it has to do, by the numbers of the jobs that it was given together."""
    current: int = 0
    """The number of the one that it is at."""
    heard: float = 0.0
    """When the worker last said something."""
    turned: float = 0.0
    """When it turned to the current one."""
    new: int = 0
    """Bytes of memory that the worker held when it was ready."""
    failures: int = 0
    """Starts in vain, one after the other."""
    trouble: str | None = None
    """Why the last was."""
    vacant_until: float = 0.0

    @property
    def name(self) -> str:
        """For people: process and device."""
        devices = dict.fromkeys(colour.device for colour in self.outfit.colours)
        return f"{self.worker.pid if self.worker else 'none'} ({self.outfit.device or ', '.join(devices)})"

    @property
    def idle(self) -> bool:
        """Whether it can be given something."""
        return self.ready and not self.tasks and not self.retiring

    @property
    def memory(self) -> int:
        """Bytes that its worker holds."""
        try:
            return int(psutil.Process(self.worker.pid).memory_info().rss) if self.worker else 0
        except psutil.Error:
            return 0


class Crew:
    """All workers."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._devices: tuple[str | None, ...] = (None,)
        self.hands: list[Hand] = []
        self.unfit: str | None = None
        """Why the first workers cannot start: weights or device are not as configured."""
        self.was_ready = False
        self.reform(config)

    @property
    def lost(self) -> bool:
        """Whether some place cannot be filled."""
        return any(hand.failures >= _LOST for hand in self.hands)

    @property
    def is_complete(self) -> bool:
        """Whether every place that is configured has a worker that is ready."""
        return all(hand.ready or hand.retiring or hand.asleep for hand in self.hands)

    @property
    def trouble(self) -> str | None:
        """Why a worker cannot start."""
        return next((hand.trouble for hand in self.hands if hand.trouble and not hand.retiring), None)

    @property
    def connections(self) -> dict[Connection, Hand]:
        """On which the workers speak."""
        return {hand.worker.connection: hand for hand in self.hands if hand.worker is not None}

    @property
    def busy(self) -> list[Hand]:
        """Those that have something to do."""
        return [hand for hand in self.hands if hand.tasks]

    def reform(self, config: Config) -> None:
        """Bring the crew to what is configured; who has a job finishes it first."""
        self._config = config
        wanted = Counter(self._outfits())
        for hand in self.hands:
            hand.retiring = wanted[hand.outfit] == 0
            wanted[hand.outfit] -= not hand.retiring
        self.hands += [Hand(outfit) for outfit in wanted.elements()]
        self.fill()

    def fill(self) -> None:
        """Dismiss who is not needed, replace who holds too much, and hire for the empty places."""
        if self.is_complete:  # else those whom the new ones replace may be needed again
            for hand in [hand for hand in self.hands if hand.retiring and not hand.tasks]:
                self.dismiss(hand)
                self.hands.remove(hand)
        for hand in self.hands:
            if hand.worker is None and not (hand.retiring or hand.asleep) and time.monotonic() >= hand.vacant_until:
                hand.worker, hand.ready, hand.heard = Worker(hand.outfit), False, time.monotonic()

    def hear(self, hand: Hand, message: Message) -> None:
        """Take note of what concerns the worker, not its tasks."""
        now = time.monotonic()
        hand.heard = now
        match message:
            case Ready(_, devices):
                hand.ready, hand.failures, hand.trouble, hand.new = True, 0, None, hand.memory
                self.was_ready = self.was_ready or all(other.ready for other in self.hands)
                if len(devices) > 1 and len(self._devices) == 1 and hand.outfit.device is None:
                    self._devices = (None, *devices[1:])
                    self.reform(self._config)
            case Begun(number):
                hand.current, hand.turned = number, now
            case Progress(number, done, frames):
                hand.tasks[number].frames_done, hand.tasks[number].frames = done, frames
            case Unfit(reason) | Died(reason) if not hand.ready:
                self._start_failed(hand, reason)
            case Died():
                self.dismiss(hand)

    def dismiss(self, hand: Hand) -> None:
        """End a worker at once, whatever it does."""
        if hand.worker is not None:
            hand.worker.stop()
        hand.worker, hand.ready = None, False

    def rest(self) -> float | None:
        """Seconds until the next worker has been idle for long enough to end, or None where none will."""
        idle = [hand.heard for hand in self.hands if hand.idle]
        limit = self._config.work.idle_seconds
        return None if limit is None or not idle else min(idle) + limit - time.monotonic()

    def send_to_sleep(self) -> None:
        """End workers that have had nothing to do for long: the device's memory is wanted by others."""
        limit = self._config.work.idle_seconds
        for hand in self.hands:
            if limit is not None and hand.idle and time.monotonic() - hand.heard >= limit:
                _log.info("a worker rests", worker=hand.name)
                self.dismiss(hand)
                hand.asleep = True

    def wake(self) -> None:
        """Bring back those that rest."""
        for hand in self.hands:
            hand.asleep = False
        self.fill()

    def replace_leaking(self) -> None:
        """Replace a worker that holds much more between two jobs than when it was new."""
        for hand in self.hands:
            if hand.idle and hand.memory - hand.new > self._config.work.leak_mib << 20:
                _log.info("replaced", worker=hand.name, mib=hand.memory >> 20, new=hand.new >> 20)
                self.dismiss(hand)

    def excesses(self) -> Iterator[Excess]:
        """Workers that went beyond a limit."""
        now, work = time.monotonic(), self._config.work
        for hand in self.hands:
            if hand.worker is None:
                continue
            if not hand.ready:
                if now - hand.heard > _START:
                    self._start_failed(hand, f"the weights were not loaded within {_START:.0f} s")
            elif hand.tasks and now - hand.heard > work.stall_seconds:
                yield Excess(hand, f"no progress for {work.stall_seconds:g} s; the job was stopped")
            elif hand.tasks and work.job_seconds is not None and now - hand.turned > work.job_seconds:
                yield Excess(hand, f"not done within {work.job_seconds:g} s (`job_seconds`); the job was stopped")
            elif hand.tasks and work.job_mib is not None and hand.memory > work.job_mib << 20:
                yield Excess(hand, f"more than {work.job_mib} MiB of memory (`job_mib`); the job was stopped")

    def _start_failed(self, hand: Hand, reason: str) -> None:
        self.dismiss(hand)
        hand.failures, hand.trouble = hand.failures + 1, reason
        hand.vacant_until = time.monotonic() + min(_LONGEST_WAIT, 2.0**hand.failures)
        _log.error("a worker cannot start", reason=reason, failures=hand.failures)
        if not self.was_ready:
            self.unfit = reason

    def _outfits(self) -> Iterator[Outfit]:
        """One for each worker that is configured."""
        work = self._config.work
        colours = dict.fromkeys(folder.colour for folder in self._config.folders)
        for device in dict.fromkeys(colour.device for colour in colours):
            its = tuple(colour for colour in colours if colour.device == device)
            for own in self._devices if device == "auto" else (None,):
                yield from [Outfit(its, own, work.nice, work.io_class)] * work.workers
