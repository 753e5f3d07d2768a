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
_AT_ONCE = 1 << 16
"""About the pixels that are computed in one step, whose planes stay in a processor's cache."""
_GREEN = MATRIX.green


class FullChroma:
    """The chroma of a picture, which is enlarged from a small size where it is asked for."""

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
        self._step = max(1, _AT_ONCE // width)
        self._planes = np.ones((8, self._step, width), np.float32)  # new ones for each step would take longer

    def strip(self, luma: Plane, first: int) -> Plane:
        """R' - Y' and B' - Y', inside the gamut, of some lines. One thread may call this at a time.

        Args:
            luma: (n, W).
            first: number of the first line in the picture.

        Returns:
            (2, n, W).

        """
        colour = np.empty((2, *luma.shape), np.float32)
        for start in range(0, len(luma), self._step):
            own_luma, part = luma[start : start + self._step], colour[:, start : start + self._step]
            planes = self._planes[:, : len(own_luma)]
            slopes, offsets, more = planes[:2], planes[2:4], planes[4:]
            self._enlarge(first + start, planes[:4])
            for slope, offset in zip(slopes, offsets, strict=True):
                cv2.accumulateProduct(slope, own_luma, offset)
            np.divide(offsets, _excess(offsets, own_luma, self._white, more), out=part)
        return colour

    def _enlarge(self, first: int, fit: Plane) -> None:
        """Compute the fit of some lines, (4, n, W); each lies between two that are known."""
        place = self._place[first : first + fit.shape[1]]
        known = self._lines[:, int(place[0]) : int(place[-1]) + 2]
        weights = 1 - np.abs(place[:, None] - np.arange(known.shape[1]) - int(place[0]))
        np.matmul(weights.clip(0).astype(np.float32), known, out=fit)


def _excess(colour: Plane, luma: Plane, white: float, planes: Plane) -> Plane:
    """How many times too far from grey the colour of each pixel is for the gamut, (n, W), at least 1.

    Args:
        colour: R' - Y' and B' - Y', (2, n, W).
        luma: (n, W).
        white: the sample that is white.
        planes: (4, n, W), of which the first three are overwritten, and the last one has ones.

    """
    red, blue = colour
    up, down, other, ones = planes
    tiny = np.float32(white * _TINY)
    cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0, dst=other)
    cv2.max(cv2.max(red, blue, dst=up), other, dst=up)
    cv2.min(cv2.min(red, blue, dst=down), other, dst=down)
    cv2.divide(up, np.subtract(np.float32(white) + tiny, luma, out=other), dst=up)
    cv2.divide(down, np.add(luma, tiny, out=other), scale=-1, dst=down)
    return cast("Plane", cv2.max(cv2.max(up, down, dst=up), ones, dst=up))


def green_of(red: Plane, blue: Plane) -> Plane:
    """G' - Y' of R' - Y' and B' - Y'."""
    return cast("Plane", cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0))
