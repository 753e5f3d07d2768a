"""A slot: the actor that Ray runs on a node. It has one worker with the weights loaded, and does one task at a time."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.util

from daemon.runtime.wakeup import Wakeup
from daemon.workers.cluster.messages import SlotSpec
from daemon.workers.cluster.probes import Probe, find_fault
from daemon.workers.cluster.versions import Versions, own_versions
from daemon.workers.events import End as EndOfKey
from daemon.workers.events import Event, Progress, WeightsLoaded
from daemon.workers.executor import Vacancy
from daemon.workers.pool import WorkerPool
from daemon.workers.task import Task, jobs_of

_TICK = 1.0
"""Seconds between two checks of the worker."""
_PROGRESS_SECONDS = 5.0
"""Shortest time between two reports of progress: a thousand slots report to one service."""


@dataclass(frozen=True, slots=True)
class SlotReport:
    """The state of a slot that has been opened."""

    weights: tuple[str, ...] = ()
    """Hashes of the weights, in the order of the colour settings."""
    faults: tuple[str | None, ...] = ()
    """For each probe, why this node cannot use its folder."""
    refusal: str | None = None
    """Why the worker cannot start."""


class SlotActor:
    """Ray makes an object of this class on a node. `cancel` and `live` run in threads beside the other methods."""

    def __init__(self) -> None:
        if hasattr(sys.modules["__main__"], "__file__"):  # else multiprocessing loads Ray's program in the worker, too
            del sys.modules["__main__"].__file__
        self._pool: WorkerPool | None = None
        self._hashes: dict[Any, str] = {}
        self._wakeup = Wakeup()
        self._cancelled = 0
        """The last attempt that is not wanted any more."""

    def versions(self) -> tuple[Versions, str, str]:
        """The versions of this node, Ray's number of it, and its name for people."""
        context = ray.get_runtime_context()
        return own_versions(), context.get_node_id(), f"{socket.gethostname()} ({ray.util.get_node_ip_address()})"

    def open(self, spec: SlotSpec, probes: Sequence[Probe]) -> SlotReport:
        """Start the worker as it is configured, and find out which folders this node can use."""
        work = spec.work.model_copy(update={"workers": 1, "idle_seconds": None})
        if self._pool is None:
            self._pool = WorkerPool(spec.colours, work, all_devices=False, threads=spec.threads)
            self._pool.start()
        else:
            self._pool.configure(spec.colours, work)
        self._wait_for_worker(self._pool)
        status = self._pool.status
        if status.refusal is not None or status.start_error is not None:
            return SlotReport(refusal=status.refusal or status.start_error)
        return SlotReport(
            tuple(self._hashes[colour] for colour in spec.colours), tuple(find_fault(probe) for probe in probes)
        )

    def do(self, attempt: int, task: Task) -> Iterator[tuple[Event, ...]]:
        """Do a task; yields its events as they come."""
        pool, left = self._pool, set(task.keys)
        if pool is None or attempt <= self._cancelled:
            return
        self._wait_for_worker(pool)
        wanted = {job.settings.colour.weights for job in jobs_of(task)}
        pool.submit(task, next(vacancy for vacancy in pool.vacancies() if wanted <= _weights_of(vacancy)))
        reported_at = 0.0
        while left:
            events = pool.events(_TICK, self._wakeup)
            self._wakeup.clear()
            if attempt <= self._cancelled:
                pool.cancel(left)
                return
            left -= {event.key for event in events if isinstance(event, EndOfKey)}
            is_due = time.monotonic() >= reported_at + _PROGRESS_SECONDS
            told = tuple(event for event in events if _is_told(event, with_progress=is_due))
            if any(isinstance(event, Progress) for event in told):
                reported_at = time.monotonic()
            if told:
                yield told

    @ray.method(concurrency_group="cancel")
    def cancel(self, attempt: int) -> None:
        """Stop an attempt, whether it has begun or not."""
        self._cancelled = max(self._cancelled, attempt)
        self._wakeup.wake()

    @ray.method(concurrency_group="life")
    def live(self) -> None:
        """Never return: the driver waits for this to learn of the end of the process."""
        while True:
            time.sleep(3600)

    def _wait_for_worker(self, pool: WorkerPool) -> None:
        """Wait until the worker is ready, or cannot start."""
        while True:
            for event in pool.events(0.1):
                if isinstance(event, WeightsLoaded):
                    self._hashes |= event.hashes
            status = pool.status
            if status.refusal or status.start_error or (status.is_complete and pool.vacancies()):
                return


def _weights_of(vacancy: Vacancy) -> set[Path | str]:
    """The weights that a worker has loaded; they serve all settings that name them."""
    return {colour.weights for colour in vacancy.colours}


def _is_told(event: Event, *, with_progress: bool) -> bool:
    return not isinstance(event, WeightsLoaded) and (with_progress or not isinstance(event, Progress))
