"""The state of the service: one value, made by the main loop, which status, health, metrics and systemd read."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from daemon.config.pause import Pause, reasons
from daemon.files.text import printable
from daemon.runtime.progress import JobProgress, describe_duration

LONGEST_REST = 60.0
"""Seconds for which the main loop rests at most, so that a loop that hangs can be told from one that rests."""
_STUCK = 2 * LONGEST_REST
"""Seconds without an iteration after which the loop counts as stuck; systemd's watchdog waits as long."""


@dataclass(frozen=True, slots=True)
class WorkerState:
    """One worker process."""

    name: str
    """Process number and device."""
    ready: bool
    """Whether its weights are loaded."""
    files: tuple[str, ...]
    """Paths of the files that it colours."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """How the files of a watched folder are found."""

    folder: Path
    by: Literal["events", "polling"]
    """Whether the kernel reports new files, or scans alone find them."""
    scanned: float | None
    """When the last complete scan ended, in seconds since the epoch; None before the first one."""
    problem: str | None
    """Why new files may be found late, or not at all."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """The whole service at the end of one iteration of its main loop."""

    summary: str = "starting"
    """One line for people."""
    ready: bool = False
    """Whether the weights have been loaded."""
    iterations: int = 0
    """Iterations of the main loop since the start."""
    workers: tuple[WorkerState, ...] = ()
    jobs: tuple[JobProgress, ...] = ()
    """The running jobs, and how far they are."""
    watches: tuple[WatchState, ...] = ()
    """The watched folders."""
    seconds_left: float | None = None
    """Estimated time until all that waits or runs is done; None if nothing does, or if it is unknown."""
    pauses: tuple[Pause, ...] = ()
    """Why no jobs are started at present."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Number of files in each state of the journal."""
    oldest_due: float | None = None
    """When the job that has waited longest was due, in seconds since the epoch; None where none waits."""
    journal_problem: str | None = None
    """Why the journal cannot be used."""
    made_at: float = field(default_factory=time.monotonic)
    """When this state was made, by the monotonic clock."""

    @property
    def paused(self) -> str | None:
        """Why no jobs are started, in one line; None where they are."""
        return reasons(self.pauses)

    @property
    def progress(self) -> str:
        """The summary, how far the running jobs are, and when all files may be done: one line without line breaks."""
        parts = [self.summary]
        if self.jobs:
            first = max(self.jobs, key=lambda job: job.frames_done)
            name, described = printable(Path(first.file).name), first.describe()
            others = f" and {len(self.jobs) - 1} more" if len(self.jobs) > 1 else ""
            parts.append(f"{name}{f' ({described})' if described else ''}{others}")
        if self.seconds_left is not None and (len(self.jobs) > 1 or self.counts.get("waiting", 0)):
            parts.append(f"about {describe_duration(self.seconds_left)} for all files")
        return "; ".join(parts)

    def age(self, now: float) -> float:
        """Seconds since the last iteration of the main loop; `now` is by the monotonic clock."""
        return now - self.made_at

    def problem(self, now: float) -> str | None:
        """What is wrong with the service; None if it is healthy. A service that pauses is healthy."""
        if not self.ready:
            return "the weights are not loaded yet"
        if self.age(now) > _STUCK:
            return f"the main loop has made no progress for {self.age(now):.0f} s"
        return self.journal_problem


class LatestState:
    """The latest state. The main loop replaces it as a whole; other threads read it, or wait for another one."""

    def __init__(self) -> None:
        self._value = ServiceState()
        self._replaced = threading.Condition()

    @property
    def value(self) -> ServiceState:
        """The latest state."""
        return self._value

    @value.setter
    def value(self, state: ServiceState) -> None:
        with self._replaced:
            self._value = state
            self._replaced.notify_all()

    def wait_for_another(self, known: ServiceState, timeout: float) -> ServiceState:
        """Wait until there is another state than the known one, at most `timeout` seconds; returns the latest."""
        with self._replaced:
            self._replaced.wait_for(lambda: self._value is not known, timeout)
        return self._value
