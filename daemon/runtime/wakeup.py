"""Wakes the service's main loop: threads and signals write to a pipe that the loop waits for."""

from __future__ import annotations

import contextlib
import os


class Wakeup:
    """A pipe. Its bytes carry no meaning; one byte or a thousand wake the loop once."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """The end to wait for, with `multiprocessing.connection.wait`."""
        return self._reader

    def writer(self) -> int:
        """The end to write to, for `signal.set_wakeup_fd`."""
        return self._writer

    def close(self) -> None:
        """Close the pipe; nobody may wake the loop any more."""
        os.close(self._reader)
        os.close(self._writer)

    def wake(self) -> None:
        """Wake the loop; safe in any thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"\0")

    def clear(self) -> None:
        """Discard the calls to `wake` so far."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._reader, 4096):
                pass
