"""A worker process as its parent sees it. A codec that crashes ends only this process."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from multiprocessing.context import ForkContext, SpawnContext

from daemon.workers.messages import Died, Message, WorkerSpec
from daemon.workers.task import Task
from daemon.workers.worker_main import main


class Worker:
    """A worker process."""

    def __init__(self, spec: WorkerSpec) -> None:
        """Start the process, which loads its weights and then sends `Ready`.

        Raises:
            OSError: the system allows no further process, or has no memory for it.

        """
        context = _context(spec)
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=main, args=(theirs, spec), name="tintd worker", daemon=True)
        try:
            self._process.start()
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid or 0

    def send(self, task: Task) -> None:
        """Give the worker a task; another one may follow when all of it has ended.

        Raises:
            OSError: the process has ended; `receive` returns why.

        """
        self.connection.send(task)

    def receive(self, timeout: float) -> Message | None:
        """Return the next message, or None if none comes within the timeout (in seconds)."""
        try:
            if not self.connection.poll(timeout):
                return None
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            return self._death()
        return message

    def stop(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _death(self) -> Died:
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return Died("the worker was killed (SIGKILL)", "SIGKILL")
        if code < 0:
            name = signal.Signals(-code).name
            return Died(f"the worker crashed ({name})", name)
        return Died(f"the worker ended (exit status {code})")


def _context(spec: WorkerSpec) -> ForkContext | SpawnContext:
    """How the process starts. A fork of a process with several threads could wait for ever for a lock of theirs."""
    forks = spec.may_fork and sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")
