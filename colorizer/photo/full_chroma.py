"""Colour at full size, computed strip by strip: that of `chroma.enlarge` and `chroma.fit_gamut`, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
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
_FEW, _GAP = 1 << 16, 128
"""Fewer pixels are limited as a whole: it takes as long to find the columns that need it. Two runs of such columns
with at most so many columns between them are limited together: a further step takes as long."""
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
        place = ((np.arange(height) + 0.5) * rows / height - 0.5).clip(0, rows - 1)
        self._cell = np.minimum(place.astype(int), max(0, rows - 2))
        self._share = (place - self._cell).astype(np.float32)
        self._largest = int(np.bincount(self._cell).max())
        self._white = np.float32(white)

    def strip(self, luma: Plane, first: int) -> Plane:
        """R' - Y' and B' - Y', inside the gamut, of some lines.

        Args:
            luma: (n, W).
            first: number of the first line in the picture.

        Returns:
            (2, n, W).

        """
        colour = np.empty((2, *luma.shape), np.float32)
        # New arrays for each step would take more time than the steps themselves.
        buffer = np.empty((4, self._largest, luma.shape[1]), np.float32)
        for lines, cell in self._cells(first, len(luma)):
            share = self._share[first + lines.start : first + lines.stop, None]
            above, below = self._lines[:, cell], self._lines[:, min(cell + 1, self._lines.shape[1] - 1)]
            fit, part, own_luma = buffer[:, : len(share)], colour[:, lines], luma[lines]
            np.multiply((below - above)[:, None], share, out=fit)
            fit += above[:, None]
            np.multiply(fit[:2], own_luma, out=part)
            part += fit[2:]
            for columns in self._outside(part, own_luma):
                self._limit(part[:, :, columns], own_luma[:, columns], buffer)
        return colour

    def _cells(self, first: int, lines: int) -> Iterator[tuple[slice, int]]:
        """The lines that lie between the same two lines of the fit, and the number of the upper one."""
        cells = self._cell[first : first + lines]
        starts = [0, *(np.flatnonzero(np.diff(cells)) + 1), lines]
        for start, stop in pairwise(starts):
            yield slice(int(start), int(stop)), int(cells[start])

    def _outside(self, colour: Plane, luma: Plane) -> Iterator[slice]:
        """Columns in which R'G'B' may lie outside the gamut; all where there are few pixels to look at."""
        if luma.size < _FEW:
            yield slice(None)
            return
        darkest, brightest = luma.min(axis=0), luma.max(axis=0)
        least, most = colour.min(axis=1), colour.max(axis=1)
        green_least, green_most = (_GREEN[0] * red + _GREEN[1] * blue for red, blue in (most, least))
        is_outside = np.maximum(most.max(axis=0), green_most) + brightest > self._white
        is_outside |= np.minimum(least.min(axis=0), green_least) + darkest < 0
        places = np.flatnonzero(is_outside)
        if len(places):
            ends = np.flatnonzero(np.diff(places) > _GAP)
            starts, stops = places[[0, *(ends + 1)]], places[[*ends, -1]] + 1
            yield from (slice(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True))

    def _limit(self, colour: Plane, luma: Plane, buffer: Plane) -> None:
        """Reduce colour (2, n, W) in place, keeping its hue, until R'G'B' lie in the gamut; overwrites `buffer`."""
        red, blue = colour
        green, up, down, room = buffer.reshape(-1)[: 4 * luma.size].reshape(4, *luma.shape)
        cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0, dst=green)
        np.maximum(np.maximum(red, blue, out=up), green, out=up)
        np.minimum(np.minimum(red, blue, out=down), green, out=down)
        if np.add(up, luma, out=room).max() <= self._white and np.add(down, luma, out=room).min() >= 0:
            return
        tiny = self._white * np.float32(_TINY)
        np.subtract(self._white, luma, out=room)
        room /= np.maximum(up, tiny, out=up)
        np.divide(luma, np.maximum(np.negative(down, out=down), tiny, out=down), out=down)
        np.minimum(room, down, out=room)
        colour *= room.clip(0, 1, out=room)


def green_of(red: Plane, blue: Plane) -> Plane:
    """G' - Y' of R' - Y' and B' - Y'."""
    return cast("Plane", cv2.addWeighted(red, _GREEN[0], blue, _GREEN[1], 0))
