"""A bell that wakes the service's loop: rung by threads and signals, waited for beside the worker's messages."""

from __future__ import annotations

import contextlib
import os


class Bell:
    """A pipe whose bytes mean nothing but: look."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """For `multiprocessing.connection.wait`."""
        return self._reader

    def writer(self) -> int:
        """For `signal.set_wakeup_fd`."""
        return self._writer

    def ring(self) -> None:
        """Wake the loop; safe in any thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def silence(self) -> None:
        """Forget what rang so far."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
