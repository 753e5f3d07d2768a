"""Key frames: the network predicts colour for them, and the frames between them get the mean of their neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from colorizer.film.cuts import is_cut
from colorizer.model.chroma import ChromaFit

_EVERY = 2
"""Distance of key frames within a shot."""


def choose_keyframes(smalls: Sequence[Tensor]) -> list[int]:
    """Choose every second frame, the last, and both sides of each cut, so that no colour is carried over one.

    Args:
        smalls: the luma of neighbouring frames at the working size, (1, 1, h, w) each.

    Returns:
        Indices, ascending; the first is 0.

    """
    chosen = {*range(0, len(smalls), _EVERY), len(smalls) - 1}
    for index, (before, after) in enumerate(pairwise(smalls)):
        if is_cut(before, after):
            chosen |= {index, index + 1}
    return sorted(chosen)


def fit_between(keyframes: Sequence[int], fits: ChromaFit, index: int) -> ChromaFit:
    """The chroma of any frame: its own, or the mean of its neighbours' between two key frames.

    Args:
        keyframes: see `choose_keyframes`.
        fits: of the key frames, (K, 2, h, w).
        index: of the frame.

    Returns:
        One frame's fit, (1, 2, h, w).

    """
    after = next(place for place, keyframe in enumerate(keyframes) if keyframe >= index)
    before = after if keyframes[after] == index else after - 1
    return ChromaFit(
        (fits.slope[before : before + 1] + fits.slope[after : after + 1]) / 2,
        (fits.offset[before : before + 1] + fits.offset[after : after + 1]) / 2,
    )
