"""A worker of the page's own, which makes previews beside the service's: it gives way to all other programs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import count

from colorizer.errors import TintdError
from colorizer.report import Report
from daemon.workers.events import Done, Failed, Progress, Skipped
from daemon.workers.messages import Died, StartFailed, WorkerSpec
from daemon.workers.task import Task
from daemon.workers.worker import Worker

_IDLE_SECONDS = 60.0
"""Seconds without work after which the worker's process ends, and frees its memory."""
_STALL_SECONDS = 120.0
"""Seconds without a message after which a task counts as one that never ends."""
_SPEC = WorkerSpec((), nice=19, io="idle", threads=1)
"""A worker that loads weights only when a trial needs them."""


class PreviewError(TintdError):
    """No preview can be made; the message says why."""


@dataclass(order=True)
class _Order:
    """A task that waits."""

    rank: tuple[int, int]
    task: Task = field(compare=False)
    on_progress: Callable[[int, int], None] = field(compare=False)
    result: Future[Report] = field(compare=False, default_factory=Future)


class PreviewWorker:
    """One process that does one task after the other, started when it is needed.

    All of it happens in one thread that never ends: on Linux a worker ends with the thread that started it.
    """

    def __init__(self) -> None:
        self._orders: queue.PriorityQueue[_Order] = queue.PriorityQueue()
        self._numbers = count()
        self._worker: Worker | None = None
        threading.Thread(target=self._work, name="previews", daemon=True).start()

    def submit(
        self,
        task: Task,
        *,
        rank: int = 0,
        on_progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Future[Report]:
        """Have a task done.

        Args:
            task: one with a single key.
            rank: tasks of a lower rank come first.
            on_progress: called in another thread with the frames that are done, and all.

        Returns:
            What becomes of it: the report, or a PreviewError.

        """
        order = _Order((rank, next(self._numbers)), task, on_progress)
        self._orders.put(order)
        return order.result

    def _work(self) -> None:
        while True:
            try:
                order = self._orders.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                self._stop()
                order = self._orders.get()
            if not order.result.set_running_or_notify_cancel():
                continue
            try:
                report = self._do(order)
            except Exception as error:  # noqa: BLE001 (whoever waits for the preview is told)
                order.result.set_exception(error)
            else:
                order.result.set_result(report)

    def _do(self, order: _Order) -> Report:
        if self._worker is None:
            self._worker = Worker(_SPEC)
        worker, end = self._worker, time.monotonic() + _STALL_SECONDS
        worker.send(order.task)
        while time.monotonic() < end:
            message = worker.receive(1.0)
            end = end if message is None else time.monotonic() + _STALL_SECONDS
            match message:
                case Done(_, report):
                    return report
                case Progress(_, done, frames):
                    order.on_progress(done, frames)
                case Failed(_, _, reason) | Skipped(_, reason):
                    raise PreviewError(reason)
                case StartFailed(reason):
                    self._stop()
                    raise PreviewError(reason)
                case Died():
                    self._stop()
                    raise PreviewError(message.describe("on this file"))
        self._stop()
        raise PreviewError(f"no preview was made within {_STALL_SECONDS:.0f} s")

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
