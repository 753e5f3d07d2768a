"""A worker process as the service sees it. A codec that crashes takes only it down."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence

from colorizer.job import Job
from daemon.workers.duplicate_check import Twin
from daemon.workers.messages import Died, Message, Outfit
from daemon.workers.worker_main import work


class Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, outfit: Outfit) -> None:
        """Start the process, which loads the weights that its outfit names."""
        spawning = multiprocessing.get_context("spawn")
        self.connection, theirs = spawning.Pipe()
        self._process = spawning.Process(target=work, args=(theirs, outfit), name="tintd worker", daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid or 0

    def give(self, jobs: Sequence[Job], twin: Twin | None = None) -> None:
        """Hand over a job, or photographs that are coloured together; more may come when all are done.

        Args:
            jobs: what to do.
            twin: of the only one, which seems to be a duplicate.

        """
        self.connection.send((tuple(jobs), twin))

    def listen(self, timeout: float) -> Message | None:
        """The worker's next message, if one comes in time."""
        try:
            if not self.connection.poll(timeout):
                return None
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            return self._obituary()
        return message

    def stop(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _obituary(self) -> Died:
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return Died("the worker was killed (SIGKILL): often the system ran out of memory", "SIGKILL")
        if code < 0:
            name = signal.Signals(-code).name
            return Died(f"the worker crashed ({name}) on this file", name)
        return Died(f"the worker ended (exit status {code}) on this file")
