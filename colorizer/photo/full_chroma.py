"""Colour at full size, computed strip by strip: that of `chroma.enlarge` and `chroma.fit_gamut`, in little memory."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorizer.model.chroma import ChromaFit
from colorizer.model.lab import rgb_minus_luma
from colorizer.photo.picture import MATRIX

Plane = NDArray[np.float32]

cv2.setNumThreads(1)  # its threads would spin, and a strip is too small for them

_TINY = 1e-6
"""Smallest distance from grey as a share of white, so that nothing is divided by zero."""
_AT_ONCE = 1 << 17
"""About the pixels that are computed in one step, whose planes stay in a processor's cache."""
_GREEN = MATRIX.green


class FullChroma:
    """The chroma of a picture, which is enlarged from a small size where it is asked for, in any thread."""

    def __init__(self, fit: ChromaFit, height: int, width: int, white: float) -> None:
        """Enlarge a fit to the width of a picture.

        Args:
            fit: of one picture, (1, 2, h, w).
            height: of the full-sized picture.
            width: likewise.
            white: the sample that is white; luma and colour are in these units.

        """
        slope, offset = (rgb_minus_luma(plane[0].float().cpu(), MATRIX)[::2] for plane in (fit.slope, fit.offset))
        both = torch.cat((slope, offset * white)).numpy()
        rows = both.shape[1]
        self._lines = np.empty((len(both), rows, width), np.float32)
        for plane, lines in zip(both, self._lines, strict=True):
            cv2.resize(plane, (width, rows), dst=lines, interpolation=cv2.INTER_LINEAR)
        self._place = ((np.arange(height) + 0.5) * rows / height - 0.5).clip(0, rows - 1)
        self._white = white
        self.lines = max(1, _AT_ONCE // width)
        """Lines that should be computed in one step."""

    def strip(self, luma: Plane, first: int) -> Plane:
        """R' - Y' and B' - Y', inside the gamut, of some lines.

        Args:
            luma: (n, W).
            first: number of the first line in the picture.

        Returns:
            (2, n, W).

        """
        fit = self._enlarge(first, len(luma))
        slopes, offsets = fit[:2], fit[2:]
        for slope, offset in zip(slopes, offsets, strict=True):
            cv2.accumulateProduct(slope, luma, offset)
        excess = _excess(offsets, luma, self._white)
        for plane in offsets:
            np.divide(plane, excess, out=plane)
        return offsets

    def _enlarge(self, first: int, lines: int) -> Plane:
        """The fit of some lines, (4, n, W); each lies between two that are known."""
        place = self._place[first : first + lines]
        known = self._lines[:, int(place[0]) : int(place[-1]) + 2]
        weights = 1 - np.abs(place[:, None] - np.arange(known.shape[1]) - int(place[0]))
        return cast("Plane", np.matmul(weights.clip(0).astype(np.float32), known))


def _excess(colour: Plane, luma: Plane, white: float) -> Plane:
    """How many times too far from grey the colour of each pixel is for the gamut, (n, W), at least 1.

    Args:
        colour: R' - Y' and B' - Y', (2, n, W).
        luma: (n, W).
        white: the sample that is white.

    """
    red, blue = colour
    up, down, other = np.empty((3, *luma.shape), np.float32)
    ones = np.ones(luma.shape[1], np.float32)  # NumPy compares two arrays faster than an array and a number
    tiny = np.float32(white * _TINY)
    cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0, dst=other)
    np.maximum(np.maximum(red, blue, out=up), other, out=up)
    np.minimum(np.minimum(red, blue, out=down), other, out=down)
    np.divide(up, np.subtract(np.float32(white) + tiny, luma, out=other), out=up)
    np.divide(down, np.subtract(-tiny, luma, out=other), out=down)
    return cast("Plane", np.maximum(np.maximum(up, down, out=up), ones, out=up))


def green_of(red: Plane, blue: Plane) -> Plane:
    """G' - Y' of R' - Y' and B' - Y'."""
    return cast("Plane", cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0))
