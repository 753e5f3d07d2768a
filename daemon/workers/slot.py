"""A slot of the pool: the place of one worker, what the worker does, and whether it exceeds a limit."""

from __future__ import annotations

from dataclasses import dataclass, field

import psutil

from daemon.config.work import Work
from daemon.workers.messages import WorkerSpec
from daemon.workers.worker import Worker

_LONGEST_DELAY = 60.0
"""Longest delay between two attempts to start a worker, in seconds."""
FAILING = 5
"""Number of failed starts in a row after which a person has to look at it."""


@dataclass(eq=False, slots=True)
class WorkerSlot:
    """The place of one worker. Times are seconds of the monotonic clock."""

    spec: WorkerSpec
    worker: Worker | None = None
    is_ready: bool = False
    """Whether the worker has loaded its weights."""
    is_parked: bool = False
    """Whether the worker has ended because it had nothing to do."""
    is_retiring: bool = False
    """Whether the configuration no longer has this slot."""
    keys: list[int] = field(default_factory=list)
    """Pieces of work that the worker has and that have not ended."""
    current: int | None = None
    """Key of the piece of work that the worker is at."""
    last_message_at: float = 0.0
    job_started_at: float = 0.0
    """When the worker came to the current piece of work."""
    baseline_rss: int = 0
    """Memory of the worker when it became ready, in bytes."""
    failures: int = 0
    """Number of failed starts in a row."""
    start_error: str | None = None
    """Why the last start failed."""
    restart_at: float = 0.0
    """Earliest time of the next start."""

    @property
    def name(self) -> str:
        """Process number and device, for people."""
        devices = dict.fromkeys(colour.device for colour in self.spec.colours)
        return f"{self.worker.pid if self.worker else 'none'} ({self.spec.device or ', '.join(devices)})"

    @property
    def is_idle(self) -> bool:
        """Whether the worker can be given a task."""
        return self.is_ready and not self.keys and not self.is_retiring

    @property
    def is_failing(self) -> bool:
        """Whether several starts have failed in a row."""
        return self.failures >= FAILING

    @property
    def is_settled(self) -> bool:
        """Whether no worker of this slot is about to become ready."""
        return self.is_ready or self.is_retiring or self.is_parked

    @property
    def rss(self) -> int:
        """Memory that the worker holds, in bytes."""
        try:
            return int(psutil.Process(self.worker.pid).memory_info().rss) if self.worker else 0
        except (psutil.Error, OSError):  # OSError: too many open files at the moment
            return 0

    def needs_worker(self, now: float) -> bool:
        """Whether it is time to start a worker."""
        return self.worker is None and not (self.is_retiring or self.is_parked) and now >= self.restart_at

    def start(self, now: float) -> None:
        """Start a worker.

        Raises:
            OSError: the system allows no further process.

        """
        self.worker, self.is_ready, self.last_message_at = Worker(self.spec), False, now

    def stop(self) -> list[int]:
        """End the worker at once; returns the keys that it had."""
        if self.worker is not None:
            self.worker.stop()
        keys, self.keys = self.keys, []
        self.worker, self.is_ready, self.current = None, False, None
        return keys

    def assign(self, keys: tuple[int, ...], now: float) -> None:
        """Note what the worker is given."""
        self.keys, self.current = list(keys), keys[0]
        self.last_message_at = self.job_started_at = now

    def note_ready(self) -> None:
        """Note that the worker is ready."""
        self.is_ready, self.failures, self.start_error, self.baseline_rss = True, 0, None, self.rss

    def note_failed_start(self, reason: str, now: float) -> None:
        """Note a failed start; the next one follows later each time."""
        self.failures, self.start_error = self.failures + 1, reason
        self.restart_at = now + min(_LONGEST_DELAY, 2.0**self.failures)

    def exceeded_limit(self, work: Work, now: float) -> str | None:
        """Return which limit the worker exceeds at its work, as a sentence; None if it exceeds none."""
        if not self.keys:
            return None
        if now - self.last_message_at > work.stall_seconds:
            return f"no progress for {work.stall_seconds:g} s; the job was stopped"
        if work.job_seconds is not None and now - self.job_started_at > work.job_seconds:
            return f"not done within {work.job_seconds:g} s (`job_seconds`); the job was stopped"
        if work.job_mib is not None and self.rss > work.job_mib << 20:
            return f"more than {work.job_mib} MiB of memory (`job_mib`); the job was stopped"
        return None

    def is_leaking(self, work: Work) -> bool:
        """Whether the worker has nothing to do and holds much more memory than when it became ready."""
        return self.is_idle and self.rss - self.baseline_rss > work.leak_mib << 20

    def idle_seconds_left(self, work: Work, now: float) -> float | None:
        """Return the seconds until the worker has been idle for long enough to end; None if it stays."""
        if work.idle_seconds is None or not self.is_idle:
            return None
        return self.last_message_at + work.idle_seconds - now
