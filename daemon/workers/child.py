"""A child process that sends messages, as its parent sees it; it ends with its parent."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, SpawnContext
from multiprocessing.util import Finalize
from typing import Any, Generic, TypeVar, cast

from daemon.runtime.parent_death import end_with_parent
from daemon.workers.messages import Died

_Received = TypeVar("_Received")

_EXIT_SECONDS = 5.0
"""Time for which a process that ends is waited for: one that waits for a dead network mount cannot be killed."""


class Child(Generic[_Received]):
    """A child process, and the connection to it."""

    def __init__(
        self, main: Callable[[Connection, Any], None], argument: object, name: str, *, may_fork: bool = False
    ) -> None:
        """Start the process.

        Args:
            main: what it does, called with its end of the connection and the argument.
            argument: the second argument of `main`.
            name: its name, for people.
            may_fork: whether it may be a fork of this process, see `WorkerSpec`.

        Raises:
            OSError: the system allows no further process, or has no memory for it.

        """
        context = _context(may_fork=may_fork)
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=main, args=(theirs, argument), name=name, daemon=True)
        self._name = name
        try:
            with _without_interrupts():
                self._process.start()
                # At its exit, Python ends child processes by SIGTERM, which this one ignores, and waits for them.
                Finalize(self, self._process.kill, exitpriority=10)
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid or 0

    def send(self, message: object) -> None:
        """Send the process a message.

        Raises:
            OSError: the process has ended; `receive` returns why.

        """
        self.connection.send(message)

    def receive(self, timeout: float) -> _Received | Died | None:
        """Return the next message, or None if none comes within the timeout (in seconds)."""
        try:
            if not self.connection.poll(timeout):
                return None
            return cast("_Received", self.connection.recv())
        except (EOFError, OSError):
            return self._death()

    def stop(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()
        self._process.join(_EXIT_SECONDS)
        self.connection.close()

    def wait(self, timeout: float) -> None:
        """Wait until the process has ended, for so many seconds at most."""
        self._process.join(timeout)

    def _death(self) -> Died:
        self._process.join(_EXIT_SECONDS)
        code = self._process.exitcode or 0
        who = f"the {self._name}"
        if code == -signal.SIGKILL:
            return Died(f"{who} was killed (SIGKILL)", "SIGKILL")
        if code < 0:
            name = signal.Signals(-code).name
            return Died(f"{who} crashed ({name})", name)
        return Died(f"{who} ended (exit status {code})")


def _context(*, may_fork: bool) -> ForkContext | SpawnContext:
    """How the process starts. A fork of a process with several threads could wait for ever for a lock of theirs."""
    forks = may_fork and sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork") if forks else multiprocessing.get_context("spawn")


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold back Ctrl-C, also in a process that is forked meanwhile: it would be told of it in Python's own code."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def begin_child() -> None:
    """Called first in a child process: its parent alone decides when it ends, and it ends with its parent."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with_parent()
