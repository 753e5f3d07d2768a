"""An executor for tests of those who submit tasks: it does nothing by itself; the test says what happens."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from colorizer.settings import ColourSettings
from daemon.config.settings import Config
from daemon.workers import Event, ExecutorStatus, Task, Vacancy
from daemon.workers.executor import Waitable


class FakeExecutor:
    """An executor of one worker."""

    def __init__(self, colours: Iterable[ColourSettings]) -> None:
        self.colours = frozenset(colours)
        self.is_parked = False
        """Whether the worker has ended because it had nothing to do."""
        self.task: Task | None = None
        """The task of the worker. A test that reports its end sets it to None."""
        self.reported: list[Event] = []
        """What `events` returns next."""
        self.cancelled: list[int] = []
        """The keys that were cancelled."""

    @property
    def status(self) -> ExecutorStatus:
        """Ready or parked."""
        return ExecutorStatus(was_ready=True, is_complete=True, is_parked=self.is_parked)

    def start(self) -> None:
        """Bring the worker back."""
        self.is_parked = False

    def reconfigure(self, config: Config) -> None:
        """Take other colour settings."""
        self.colours = frozenset(folder.colour for folder in config.folders)

    def vacancies(self) -> list[Vacancy]:
        """One, unless the worker has a task or is parked."""
        return [] if self.task or self.is_parked else [Vacancy("7 (cpu)", self.colours)]

    def submit(self, task: Task, vacancy: Vacancy) -> None:
        """Take a task."""
        assert vacancy in self.vacancies()
        self.task = task

    def events(self, timeout: float, wakeup: Waitable | None = None) -> list[Event]:  # noqa: ARG002 (the protocol's)
        """Return what the test has reported."""
        events, self.reported = self.reported, []
        return events

    def seconds_until_check(self) -> float | None:
        """None: it needs no check."""
        return None

    def cancel(self, keys: Collection[int]) -> None:
        """Drop the task."""
        self.cancelled += keys
        self.task = None

    def stop(self) -> None:
        """Drop the task."""
        self.task = None
