"""The protocol between those who submit tasks (the dispatcher, `tintd colorize`) and those who do them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from colorizer.settings import ColourSettings
from daemon.config.settings import Config
from daemon.workers.events import Event
from daemon.workers.task import Task


class Waitable(Protocol):
    """An object with a file descriptor, such as the service's wakeup."""

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        ...


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A worker that can be given a task now."""

    worker: str
    """Name of the worker, for people."""
    colours: frozenset[ColourSettings]
    """Colour settings of the jobs that it can do."""
    unseen: frozenset[Path] = frozenset()
    """Watched folders whose files it cannot read, or whose results it cannot write."""


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """One worker."""

    name: str
    """Process number and device, for people."""
    is_ready: bool
    """Whether its weights are loaded."""
    keys: tuple[int, ...] = ()
    """What it has to do."""


@dataclass(frozen=True, slots=True)
class ExecutorStatus:
    """The state of an executor at one moment."""

    workers: tuple[WorkerStatus, ...] = ()
    was_ready: bool = False
    """Whether all workers have been ready at one time."""
    is_complete: bool = False
    """Whether every configured worker is ready, or parked."""
    is_parked: bool = False
    """Whether a worker has ended because it had nothing to do; `start` brings it back."""
    start_error: str | None = None
    """Why a worker cannot start at present."""
    refusal: str | None = None
    """Why the first workers cannot start, if another attempt does not help: weights or device are not as configured."""
    is_failing: bool = False
    """Whether a worker has failed to start so often that a person has to look at it."""


class Executor(Protocol):
    """Does tasks. All methods return at once, except `events`, and none is called from two threads."""

    @property
    def status(self) -> ExecutorStatus:
        """The state now."""
        ...

    def start(self) -> None:
        """Start every configured worker that does not run, parked ones included."""
        ...

    def reconfigure(self, config: Config) -> None:
        """Change the workers to what is configured; what is being done is finished first."""
        ...

    def vacancies(self) -> list[Vacancy]:
        """List the workers that can be given a task."""
        ...

    def submit(self, task: Task, vacancy: Vacancy) -> None:
        """Give a task to a worker that was vacant at the last call of `vacancies`."""
        ...

    def events(self, timeout: float, wakeup: Waitable | None = None) -> list[Event]:
        """Wait until something happens, and return what happened; this also supervises the workers.

        Args:
            timeout: seconds to wait at most; 0 returns at once.
            wakeup: ends the wait when it becomes readable.

        """
        ...

    def seconds_until_check(self) -> float | None:
        """Seconds until `events` has to be called though nothing happens; None: whenever."""
        ...

    def cancel(self, keys: Collection[int]) -> None:
        """Stop pieces of work at once; they get no more events. What shared a worker with them is interrupted."""
        ...

    def stop(self) -> None:
        """Stop all workers at once; nothing gets any more events."""
        ...
