"""Signals, handled by the main loop at its next iteration: stop and reload."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.runtime.wakeup import Wakeup


class Signals:
    """The signals received so far."""

    def __init__(self) -> None:
        self.stops = 0
        """Number of requests to stop."""
        self._reload = False

    def take_reload(self) -> bool:
        """Whether a reload was requested since the last call."""
        requested, self._reload = self._reload, False
        return requested

    @contextmanager
    def received(self, wakeup: Wakeup) -> Iterator[None]:
        """Receive signals, and wake the loop at each: SIGTERM and SIGINT stop, SIGHUP reloads.

        When the service runs on a terminal, SIGHUP means that the terminal was closed, and stops it.

        """
        on_terminal = sys.stderr.isatty()  # asked now: a closed terminal is no longer one

        def handle(number: int, _frame: object) -> None:
            if number == signal.SIGHUP and not on_terminal:
                self._reload = True
            else:
                self.stops += 1

        before = signal.set_wakeup_fd(wakeup.writer(), warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
