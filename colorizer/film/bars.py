"""Black bars around a film's picture: found on the luma of sampled frames, so that the network never sees them.

A film can have several layouts, such as old footage between black pillars in a new documentary. Dark scenes hide where
the picture ends, so layouts are found in frames that are lit up to the edge, and looked up for all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from colorizer.model.surround import Margins

_BLACK = 0.08
"""Luma (0..1) up to which a pixel counts as black: bars of telecined films have noise up to here."""
_FEW = 0.02
"""Greatest lit share of a line in a bar."""
_LIT, _BLUR = 0.5, 3
"""Least lit share of a line within `_BLUR` lines after a bar, so that a dark part of a picture is no bar."""
_SUBTITLE = 0.15
"""Greatest lit share of the bars of a frame: subtitles."""
_NARROWEST, _LEAST = 0.01, 0.25
"""Least depth of a bar, as a share of height or width, and least share of those that the picture has."""
_STEP = 4
"""Every fourth pixel of a line is examined."""


def find_bars(luma: Tensor) -> Margins | None:
    """Find the bars of a frame (H, W), upright, 0..1.

    Returns:
        None for a frame that is dark up to a side without a sharp edge, which does not tell.

    """
    lit = luma > _BLACK
    rows, columns = lit[:, ::_STEP].float().mean(dim=1), lit[::_STEP].float().mean(dim=0)
    top, bottom, left, right = map(_dark_lines, (rows, rows.flip(0), columns, columns.flip(0)))
    height, width = luma.shape
    if height - top - bottom < _LEAST * height or width - left - right < _LEAST * width:
        return None
    inside = Margins(top, bottom, left, right).inside(lit).float()
    rows, columns = inside.mean(dim=1), inside.mean(dim=0)
    edges = zip((top, bottom, left, right), (rows, rows.flip(0), columns, columns.flip(0)), strict=True)
    bars = Margins(*(depth * bool((line[:_BLUR] >= _LIT).any()) for depth, line in edges))
    return bars if bars or not (top or bottom or left or right) else None


def sort_layouts(found: Iterable[Margins | None], size: tuple[int, int]) -> tuple[Margins, ...]:
    """The layouts among the bars of sampled frames, that with the smallest picture first.

    Args:
        found: bars of each frame.
        size: height and width of the frames.

    """
    height, width = size

    def picture(bars: Margins) -> int:
        return (height - bars.top - bars.bottom) * (width - bars.left - bars.right)

    return tuple(sorted({bars for bars in found if bars is not None}, key=picture))


def set_upright(bars: Margins, turn: int) -> Margins:
    """The bars of a frame that lies turned by quarter turns counter-clockwise, once it stands upright."""
    for _ in range(turn):
        bars = Margins(top=bars.left, right=bars.top, bottom=bars.right, left=bars.bottom)
    return bars


def choose_layout(layouts: Sequence[Margins], smalls: Sequence[Tensor], size: tuple[int, int]) -> Margins:
    """Choose the layout that frames have in common.

    Args:
        layouts: see `sort_layouts`.
        smalls: luma of the frames, upright, (1, 1, h, w) each.
        size: height and width of the pictures in which the layouts were found.

    Returns:
        The margins at the size of `smalls`.

    """
    for layout in layouts:
        margins = layout.scaled(size, (smalls[0].shape[-2], smalls[0].shape[-1]))
        if all(_has_black(small[0, 0], margins) for small in smalls):
            return margins
    return Margins()


def _dark_lines(share: Tensor) -> int:
    """How many lines, counted from the first, are black, by the lit share of each (n,)."""
    lit = (share > _FEW).nonzero()
    depth = int(lit[0]) if len(lit) else len(share)
    return depth if depth >= _NARROWEST * len(share) else 0


def _has_black(small: Tensor, margins: Margins) -> bool:
    """Whether the margins of a frame (h, w) are black, but for a subtitle."""
    lit = small > _BLACK
    outside = lit.numel() - margins.inside(lit).numel()
    return int(torch.count_nonzero(lit)) - int(torch.count_nonzero(margins.inside(lit))) <= _SUBTITLE * outside
