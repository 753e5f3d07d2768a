"""Motion between frames: dense optical flow of the small luma, and how far it can be trusted.

OpenCV's flow is the inverse search of Kroeger et al. 2016 (DIS). It runs in one thread, so that its result does not
depend on the number of processors and no thread of OpenCV waits by spinning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
_Samples = TypeVar("_Samples", bound=NDArray[Any])

cv2.setNumThreads(1)
cv2.ipp.setUseIPP(False)  # its last bits depend on where an array begins in memory

_NONE = cast("Plane", None)
"""None, where OpenCV's types do not say that it may be given."""
_LEAST_SIDE = 32
"""Pictures with a shorter side are taken for still: the flow's patches do not fit into them."""
_STEPS = 8
"""Steps of the search for each patch. With the 16 of the preset, dust, scratches, weave and grain move colours more."""
_REFINEMENTS = 3
"""Steps by which the motion of all patches is made smooth. With the five of the preset, the flow takes a fifth longer,
and colours are as steady; with two, scratches move colours more."""
_GRAIN = 0.8
"""Standard deviation, in pixels, of the blur by which grain is removed before luma is compared."""
_INCONSISTENT = 0.8, 3.0
"""Pixels by which the way there and back may miss its start, at edges and where the picture is smooth; at this error,
trust is 1 / e. Where it is smooth, motion is uncertain, but an error of it does less harm."""
_EDGE = 8.0
"""Slope of luma, in levels of 255 a pixel, at which a place is as much an edge as it is smooth."""
_UNLIKE = 0.08
"""Difference of luma (0..1), beyond that of the exposure, at which likeness is 1 / e."""
_CHANNELS = 4
_CONTRAST = 0.5, 2.0
"""Limits of the change of contrast that counts as a change of exposure."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Where the pixels of one frame are in another."""

    column: Plane
    """Column in the other frame, float32, (h, w)."""
    row: Plane
    """Row, likewise."""
    trust: Plane
    """From 0 (the pixel is not in the other frame) to 1, float32, (h, w)."""


def prepare(luma: Plane) -> NDArray[np.uint8]:
    """The luma (h, w), 0..1, as motion is measured on it: uint8, without grain."""
    return cv2.GaussianBlur((luma * 255).round().astype(np.uint8), (0, 0), _GRAIN)  # type: ignore[return-value]


def motion_between(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> tuple[Motion, Motion]:
    """Motion of the first frame's pixels to the second, and the reverse.

    Trust is high where the way there and back ends at its start.

    Args:
        one: luma from `prepare`, (h, w).
        other: of another frame.

    """
    there, back = _flow(one, other), _flow(other, one)
    return _checked(there, back, one), _checked(back, there, other)


def join(first: Motion, second: Motion) -> Motion:
    """The motion from A to C by way of B: from A to B, then from B to C."""
    column, row, trust = carry_planes(interleave(second.column, second.row, second.trust), first, 3)
    return Motion(column, row, np.minimum(first.trust, trust))


def carry(samples: _Samples, motion: Motion) -> _Samples:
    """What the pixels' places hold in the other frame, (h, w) or (h, w, C)."""
    return _sample(samples, motion.column, motion.row)


def interleave(*planes: NDArray[Any]) -> Plane:
    """Two to four planes (h, w) as samples (h, w, 4): OpenCV carries four channels in half the time of two or three."""
    padded = [*planes, *planes[-1:] * (_CHANNELS - len(planes))]
    return cast("Plane", cv2.merge([plane.astype(np.float32, copy=False) for plane in padded]))


def carry_planes(samples: Plane, motion: Motion, count: int) -> Plane:
    """Carry samples from `interleave`; the first `count` planes, (count, h, w)."""
    carried = carry(samples, motion)
    planes = np.empty((count, *carried.shape[:2]), np.float32)
    cv2.mixChannels([carried], list(planes), [place for channel in range(count) for place in (channel, channel)])
    return planes


def likeness(luma: NDArray[np.uint8], found: NDArray[np.uint8]) -> Plane:
    """How alike the pixels are to what is in their places, 0..1, (h, w), whatever the exposure of the two frames is.

    Args:
        luma: of the frame, from `prepare`.
        found: of the other frame, carried along the motion from the frame to the other.

    """
    (mean, deviation), (other_mean, other_deviation) = map(_moments, (luma, found))
    least, most = _CONTRAST
    gain = min(max(deviation / max(other_deviation, 1.0), least), most)
    unit = 1 / (255 * _UNLIKE)
    difference = cv2.addWeighted(luma, unit, found, -gain * unit, (gain * other_mean - mean) * unit, dtype=cv2.CV_32F)
    result: Plane = np.exp(-np.square(difference))
    return result


def _moments(luma: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean and standard deviation."""
    mean, deviation = cv2.meanStdDev(luma)
    return float(mean[0, 0]), float(deviation[0, 0])


def _checked(there: Sequence[Plane], back: Sequence[Plane], luma: NDArray[np.uint8]) -> Motion:
    column, row = (way + grid for way, grid in zip(there, _grid(*luma.shape), strict=True))
    missed = [way + _sample(returned, column, row) for way, returned in zip(there, back, strict=True)]
    edges, smooth = _INCONSISTENT
    slope = np.square(_slope(luma) / np.float32(_EDGE))
    distance = np.square(missed[0]) + np.square(missed[1])
    error = distance * (slope / edges**2 + 1 / smooth**2).astype(np.float32) / (1 + slope)
    height, width = error.shape
    outside = (column < -1) | (column > width) | (row < -1) | (row > height)
    return Motion(column, row, np.where(outside, np.float32(0), np.exp(-error)))


def _slope(luma: NDArray[np.uint8]) -> Plane:
    """The slope of luma around each pixel, in levels a pixel."""
    right, down = (cv2.Sobel(luma, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
    return cast("Plane", cv2.blur(cv2.magnitude(right, down), (5, 5)))


def _sample(samples: _Samples, column: Plane, row: Plane) -> _Samples:
    carried = cv2.remap(samples, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast("_Samples", carried)


def _flow(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Sequence[Plane]:
    """Columns and rows, (h, w) each, between each pixel of the first frame and its place in the second."""
    if min(one.shape) < _LEAST_SIDE:
        return [np.zeros(one.shape, np.float32)] * 2
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)  # one that was used before has a memory
    search.setFinestScale(1)
    search.setGradientDescentIterations(_STEPS)
    search.setVariationalRefinementIterations(_REFINEMENTS)
    return cast("Sequence[Plane]", cv2.split(search.calc(one, other, _NONE)))


@cache
def _grid(height: int, width: int) -> tuple[Plane, Plane]:
    """Column and row of each pixel."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return columns, rows
