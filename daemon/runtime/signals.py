"""Signals, heard by the main loop when it turns: stop, and reload."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from daemon.runtime.wakeup import Bell


class Signals:
    """What was heard so far."""

    def __init__(self) -> None:
        self.stops = 0
        """How often the service was told to stop."""
        self._reload = False

    def take_reload(self) -> bool:
        """Whether the configuration is to be read again; asked once, it is not so any more."""
        wanted, self._reload = self._reload, False
        return wanted

    @contextmanager
    def heard(self, bell: Bell) -> Iterator[None]:
        """SIGTERM and SIGINT stop, SIGHUP reloads; each rings the bell. On a terminal that closes, SIGHUP stops too."""
        on_terminal = sys.stderr.isatty()  # asked now: a terminal that has closed is none

        def note(number: int, _frame: object) -> None:
            if number == signal.SIGHUP and not on_terminal:
                self._reload = True
            else:
                self.stops += 1

        before = signal.set_wakeup_fd(bell.writer(), warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            for number, handler in handlers.items():
                signal.signal(number, handler)
