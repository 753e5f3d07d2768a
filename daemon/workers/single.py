"""One worker that does one job after the other, for commands that work without a service."""

from __future__ import annotations

from collections.abc import Callable

from colorizer.errors import SettingsError
from colorizer.job import Job
from colorizer.settings import ColourSettings
from daemon.config.work import Work
from daemon.workers.events import Crashed, Done, Failed, Progress, Skipped
from daemon.workers.executor import Vacancy
from daemon.workers.pool import WorkerPool
from daemon.workers.task import ColourFiles


class SingleWorker:
    """A pool of one worker."""

    def __init__(self, colour: ColourSettings, stall_seconds: float) -> None:
        """Start the worker, and wait until it has loaded its weights.

        Raises:
            SettingsError: it cannot start.

        """
        self._pool = WorkerPool(
            (colour,), Work(stall_seconds=stall_seconds, idle_seconds=None), all_devices=False, may_fork=True
        )
        self._pool.start()
        self._wait_for_worker()

    def run(self, job: Job, on_progress: Callable[[Progress], None]) -> Done | Skipped | Failed | Crashed:
        """Do a job; returns what became of it.

        Raises:
            SettingsError: no worker can start.

        """
        self._pool.submit(ColourFiles({0: job}), self._wait_for_worker())
        while True:
            for event in self._pool.events(timeout=1):
                match event:
                    case Progress():
                        on_progress(event)
                    case Done() | Skipped() | Failed() | Crashed():
                        return event

    def close(self) -> None:
        """End the worker at once."""
        self._pool.stop()

    def _wait_for_worker(self) -> Vacancy:
        while not (vacancies := self._pool.vacancies()):
            self._pool.events(timeout=1)
            status = self._pool.status
            reason = status.refusal or (status.start_error if status.is_failing else None)
            if reason is not None:
                raise SettingsError(reason)
        return vacancies[0]
