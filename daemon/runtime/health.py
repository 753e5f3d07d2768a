"""The service's pulse: what its main loop tells of itself, for those who ask from other threads."""

from __future__ import annotations

import time

_STILL = 120.0
"""Seconds after which a loop that has not turned is stuck; as long as systemd's watchdog waits."""


class Pulse:
    """Beaten by the main loop; read by anyone. Each value is replaced whole, so no lock is needed."""

    def __init__(self) -> None:
        self.ready = False
        """Whether the weights are loaded."""
        self.paused: str | None = None
        """Why no jobs are begun at present."""
        self.turns = 0
        self._beaten = time.monotonic()

    def beat(self, *, ready: bool, paused: str | None) -> None:
        """Note that the loop has turned."""
        self.ready, self.paused = ready, paused
        self.turns += 1
        self._beaten = time.monotonic()

    def age(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._beaten

    def ailment(self) -> str | None:
        """What is wrong, or None if the service is well."""
        if not self.ready:
            return "the weights are not loaded yet"
        if self.age() > _STILL:
            return f"the main loop has not turned for {self.age():.0f} s"
        return None
