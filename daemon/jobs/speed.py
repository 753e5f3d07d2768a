"""How fast a film is coloured, measured while it is: without the frames that an earlier attempt has finished."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_SPACING = 2.0
"""Seconds between two measurements that are kept."""
_KEPT = 150
"""Number of measurements that are kept: those of the last five minutes."""
_SHORTEST = 1.0
"""Seconds that must be measured before they say something."""


@dataclass(slots=True)
class Speed:
    """Measurements of one attempt at a film."""

    _measured: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    """Times, in seconds of the monotonic clock, each with the number of frames that were done then."""

    def note(self, done: int, now: float) -> None:
        """Measure: so many frames are done now.

        The first number above 0 is where the attempt begins: a film that was interrupted begins with the frames of its
        finished segments. The time in which they are decoded again does not count, nor that before a film begins anew.

        """
        measured = self._measured
        if measured and (done < measured[-1][1] or done == measured[0][1]):
            measured.clear()
        if done == 0:
            return
        if len(measured) > 1 and now - measured[-2][0] < _SPACING:
            measured.pop()
        measured.append((now, done))

    @property
    def frames_per_second(self) -> float | None:
        """The mean of the last minutes; None while too little was measured."""
        if not self._measured:
            return None
        (begun, first), (now, last) = self._measured[0], self._measured[-1]
        return (last - first) / (now - begun) if now - begun >= _SHORTEST else None
