"""Chroma at full size, computed strip by strip: what `chroma.enlarge` and `chroma.fit_gamut` give, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from colorizer.model.chroma import ChromaFit
from colorizer.photo.picture import MATRIX

Plane = NDArray[np.float32]

_TINY = 1e-6
"""Smallest distance from grey as a share of white, so that nothing is divided by zero."""
_KR, _KB = MATRIX.value
RED, BLUE = 2 - 2 * _KR, 2 - 2 * _KB
"""How far Cr and Cb move R' and B'."""
GREEN = -_KB * BLUE / (1 - _KR - _KB), -_KR * RED / (1 - _KR - _KB)
"""How far Cb and Cr move G'."""


class FullChroma:
    """The chroma of a picture, which is enlarged from a small size where it is asked for."""

    def __init__(self, fit: ChromaFit, height: int, width: int, white: float) -> None:
        """Enlarge a fit to the width of a picture.

        Args:
            fit: one of its pictures, (1, 2, h, w).
            height: of the full-sized picture.
            width: likewise.
            white: the sample that is white; chroma is given in these units.

        """
        both = torch.cat((fit.slope, fit.offset * white), dim=1).float().cpu()
        rows = both.shape[-2]
        wide = functional.interpolate(both, size=(rows, width), mode="bilinear")[0].numpy()
        self._above = wide
        self._step = np.diff(wide, axis=1, append=wide[:, -1:])
        place = ((np.arange(height) + 0.5) * rows / height - 0.5).clip(0, rows - 1)
        self._cell = place.astype(int)
        self._share = (place - self._cell).astype(np.float32)
        self._white = np.float32(white)

    def strip(self, luma: Plane, first: int) -> Plane:
        """Cb and Cr, inside the gamut, of some lines.

        Args:
            luma: (n, W), in the units of `white`.
            first: number of the first line in the picture.

        Returns:
            (2, n, W), around 0.

        """
        chroma = np.empty((2, *luma.shape), np.float32)
        for lines, cell in self._cells(first, len(luma)):
            share = self._share[first + lines.start : first + lines.stop, None]
            fit = self._step[:, cell, None] * share
            fit += self._above[:, cell, None]
            np.multiply(fit[:2], luma[lines], out=chroma[:, lines])
            chroma[:, lines] += fit[2:]
            self._limit(chroma[:, lines], luma[lines])
        return chroma

    def _cells(self, first: int, lines: int) -> Iterator[tuple[slice, int]]:
        """The lines that lie between the same two lines of the fit, and the number of the upper one."""
        cells = self._cell[first : first + lines]
        starts = [0, *(np.flatnonzero(np.diff(cells)) + 1), lines]
        for start, stop in pairwise(starts):
            yield slice(int(start), int(stop)), int(cells[start])

    def _limit(self, chroma: Plane, luma: Plane) -> None:
        """Reduce chroma in place, keeping its hue, until R'G'B' lie in the gamut."""
        cb, cr = chroma
        red, blue = cr * np.float32(RED), cb * np.float32(BLUE)
        green = cb * np.float32(GREEN[0])
        green += cr * np.float32(GREEN[1])
        up = np.maximum(red, blue)
        np.maximum(up, green, out=up)
        down = np.minimum(red, blue, out=red)
        np.minimum(down, green, out=down)
        if (up + luma).max() <= self._white and (down + luma).min() >= 0:
            return
        tiny = self._white * np.float32(_TINY)
        room = (self._white - luma) / np.maximum(up, tiny)
        np.minimum(room, luma / np.maximum(-down, tiny), out=room)
        chroma *= room.clip(0, 1, out=room)
