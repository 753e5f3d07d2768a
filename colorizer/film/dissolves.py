"""Dissolves between a grey scene and one in colour: found by the chroma of the frames around the change.

The chroma of a frame in a dissolve is a mean of both scenes' chroma; the weight of each changes evenly from frame to
frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_REACH = 60
"""Frames before and after a change among which its dissolve is sought."""
_ENDS, _ROUNDS = 8, 3
"""Frames beside a dissolve whose mean chroma is that of a scene, and how often ends and dissolve are found in turn."""
_SHORTEST = 3
"""Least number of steps of a dissolve; a cut has one, and one between fields two."""
_TINY = 1e-9

Chroma = NDArray[np.float32]
"""Cb and Cr of a few parts of each frame, -0.5..0.5, (N, 2, parts)."""


@dataclass(frozen=True, slots=True)
class Dissolve:
    """The frames between a grey scene and one in colour, in which both are seen."""

    begins: int
    """Timestamp of the last frame before it, in the stream's time base."""
    ends: int
    """Timestamp of the first frame after it."""
    to_colour: bool
    """Whether the scene in colour is the later one."""
    tint: tuple[float, float]
    """Mean Cb and Cr of the grey scene, -0.5..0.5."""

    def colour_share(self, pts: int) -> float:
        """Share of the scene in colour, 0..1, in the frame that is shown at this time."""
        passed = min(1.0, max(0.0, (pts - self.begins) / (self.ends - self.begins)))
        return passed if self.to_colour else 1 - passed


def find_dissolve(pts: Sequence[int], chroma: Chroma, change: int, *, to_colour: bool) -> Dissolve | None:
    """Find the dissolve around a change between grey and colour.

    Args:
        pts: timestamps of the frames of a shot.
        chroma: of the same frames.
        change: number of the first frame that has colour, or has none any more.
        to_colour: whether it has colour.

    Returns:
        None for a sudden change.

    """
    first, end = max(0, change - _REACH), min(len(pts), change + _REACH)
    near, change = chroma[first:end], change - first
    begins, ends = min(_ENDS, change) - 1, max(len(near) - _ENDS, change)
    for _ in range(_ROUNDS):
        before = near[max(0, begins - _ENDS) : begins + 1].mean(axis=0)
        after = near[ends : ends + _ENDS].mean(axis=0)
        begins, ends = _fit_ramp(_shares(near, before, after), change)
    if ends - begins < _SHORTEST:
        return None
    tint = (before if to_colour else after).mean(axis=1)
    return Dissolve(pts[first + begins], pts[first + ends], to_colour, (float(tint[0]), float(tint[1])))


def _shares(chroma: Chroma, before: Chroma, after: Chroma) -> NDArray[np.float32]:
    """How far each frame is on the way from one chroma to the other: 0 before, 1 after, (N,)."""
    way = after - before
    shares: NDArray[np.float32] = ((chroma - before) * way).sum(axis=(1, 2)) / ((way * way).sum() + _TINY)
    return shares


def _fit_ramp(shares: NDArray[np.float32], change: int) -> tuple[int, int]:
    """The last frame of 0 and the first one of 1, before and after the change, that explain the shares best."""
    frames = np.arange(len(shares))
    begins, ends = frames[:change, None], frames[None, change:]
    ramps = ((frames - begins[..., None]) / (ends - begins)[..., None]).clip(0, 1)
    errors = np.abs(ramps - shares).sum(axis=2)
    best = np.unravel_index(errors.argmin(), errors.shape)
    return int(best[0]), int(best[1]) + change
