"""How fast a film is coloured, measured while it is: without the frames that an earlier attempt has finished."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_SPACING = 1.0
"""Seconds between two measurements that are kept."""
_KEPT = 600
"""Number of measurements that are kept: those of the last ten minutes, of which the latter half counts."""
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
        """The mean of the latter half of what was measured; None while too little was.

        A worker is slow at first, while it fills its queues and its libraries prepare; a machine may have been busy.

        """
        if not self._measured or self._measured[-1][0] - self._measured[0][0] < _SHORTEST:
            return None
        now, last = self._measured[-1]
        half = (self._measured[0][0] + now) / 2
        begun, first = next(sample for sample in reversed(self._measured) if sample[0] <= half)
        return (last - first) / (now - begun)
