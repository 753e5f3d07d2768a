"""What lies around a picture: bars, mounts, album pages, white and black borders, scales of colours.

A surround is found on a small version, side by side. It is made of lines of one plain colour that end at a straight
edge, or of lines with much colour beside a picture that has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Self

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.chroma import ChromaFit

_PLAIN, _ALIKE = 0.8, 10.0
"""Share of a plain line whose pixels differ by at most `_ALIKE`, in Lab units, from the line's median."""
_DRIFT = 5.0
"""Most that the median changes from one plain line to the next, in Lab units: a page under uneven light."""
_STEP, _STRAIGHT, _REACH = 7.0, 0.6, 2
"""A surround ends where at least `_STRAIGHT` of a line changes by `_STEP`, in Lab units, within `_REACH` lines."""
_LEAST = 0.25
"""Least share of the height and width that the picture must have; otherwise, nothing counts as its surround."""
_ROUNDS = 3
"""Number of surrounds that lie in each other: page, mount, white border."""
_DECKLE = 3
"""Lines at each side that the deckle edge of a border may take."""
_CHUNK = 8
"""Lines that are examined together at first, and then twice as many: in most pictures, the first one is not plain."""
_DEEPEST, _OFTEN, _SELDOM, _ANY = 0.2, 0.2, 0.04, 0.1
"""Lines of colour at a side: their greatest share of it; the least mean share of them that is coloured; the greatest in
the picture beside them; and the share from which a single line belongs to them."""
_BLACK, _GREY, _LIGHT = 6.0, 50.0, 85.0
"""L up to which a neutral side counts as black, and from which as paper; and of a side that is not there."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Numbers of lines of a surround at each side of a picture."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __add__(self, inner: Self) -> Margins:
        """Margins with further margins inside them."""
        return Margins(
            self.top + inner.top, self.bottom + inner.bottom, self.left + inner.left, self.right + inner.right
        )

    def __bool__(self) -> bool:
        return self != Margins()

    def inside(self, picture: Tensor) -> Tensor:
        """The part of a picture (..., H, W) that these margins surround."""
        height, width = picture.shape[-2:]
        return picture[..., self.top : height - self.bottom, self.left : width - self.right]

    def scaled(self, size: tuple[int, int], to: tuple[int, int]) -> Margins:
        """The margins of the same picture at another height and width: at least as deep as these."""
        down, across = to[0] / size[0], to[1] / size[1]
        return Margins(*map(ceil, (self.top * down, self.bottom * down, self.left * across, self.right * across)))


def fit_inside(fit: Callable[[Tensor], ChromaFit], luma: Tensor, margins: Margins) -> ChromaFit:
    """Choose the chroma of pictures without their surrounds, which become neutral.

    Args:
        fit: chooses the chroma of pictures (N, 1, h, w).
        luma: the pictures with their surrounds, (N, 1, H, W).
        margins: of all of them.

    """
    return pad_fit(fit(margins.inside(luma)), margins) if margins else fit(luma)


def pad_fit(fit: ChromaFit, margins: Margins) -> ChromaFit:
    """A fit with neutral margins around it.

    The first line of each margin has the chroma of the line beside it, because chroma is enlarged by interpolation.
    """
    around = (margins.left, margins.right, margins.top, margins.bottom)
    near = tuple(min(1, margin) for margin in around)
    far = tuple(margin - line for margin, line in zip(around, near, strict=True))

    def padded(plane: Tensor) -> Tensor:
        return functional.pad(functional.pad(plane, near, mode="replicate"), far)

    return ChromaFit(padded(fit.slope), padded(fit.offset))


def find_plain_surround(lab: Tensor) -> Margins:
    """Find the plain surround of a picture.

    Args:
        lab: CIE Lab, (3, h, w).

    """
    found = Margins()
    for _ in range(_ROUNDS):
        ring = _find_ring(found.inside(lab)) or _find_deckled_ring(found.inside(lab))
        more = found + ring
        inside = more.inside(lab)
        if not ring or min(inside.shape[-2] / lab.shape[-2], inside.shape[-1] / lab.shape[-1]) < _LEAST:
            break
        found = more
    return found


def find_coloured_surround(lab: Tensor, coloured: Tensor) -> Margins:
    """Find lines with much colour beside a picture that has next to none: a scale of colours, the cover of an album.

    Args:
        lab: CIE Lab, (3, h, w).
        coloured: whether each pixel has colour of its own, (h, w).

    """
    shares = coloured.float().mean(dim=1), coloured.float().mean(dim=0)
    rows, columns = lab.transpose(0, 1), lab.permute(2, 0, 1)
    return Margins(
        _coloured_lines(shares[0], rows),
        _coloured_lines(shares[0].flip(0), rows.flip(0)),
        _coloured_lines(shares[1], columns),
        _coloured_lines(shares[1].flip(0), columns.flip(0)),
    )


def neutral_surround(lightness: Tensor, margins: Margins) -> Margins:
    """The sides of a surround without colour that are no part of the picture.

    A side is black, or light like the one across from it; a light sky above a straight horizon is neither. A page
    of any lightness is alike on all four sides.

    Args:
        lightness: L, (h, w).
        margins: of the surround.

    """
    sides = (margins.top, margins.bottom, margins.left, margins.right)
    turned = (lightness, lightness.flip(0), lightness.T, lightness.T.flip(0))
    levels = [float(lines[:side].median()) if side else _GREY for side, lines in zip(sides, turned, strict=True)]
    if all(sides) and max(levels) - min(levels) < _ALIKE:
        return margins
    across = (levels[1], levels[0], levels[3], levels[2])
    bare = (level < _BLACK or min(level, other) > _LIGHT for level, other in zip(levels, across, strict=True))
    return Margins(*(side * is_bare for side, is_bare in zip(sides, bare, strict=True)))


def refine(rgb: Tensor, margins: Margins, reach: int) -> Margins:
    """Move each margin that is not 0 to the strongest edge within `reach` lines of a picture (C, h, w)."""
    inside = margins.inside(rgb)
    if min(inside.shape[-2:]) <= 2 * reach:
        return margins
    down = Margins(0, 0, margins.left, margins.right).inside(rgb)
    right = Margins(margins.top, margins.bottom, 0, 0).inside(rgb).transpose(1, 2)
    return Margins(
        _strongest_edge(down, margins.top, reach),
        _strongest_edge(down.flip(1), margins.bottom, reach),
        _strongest_edge(right, margins.left, reach),
        _strongest_edge(right.flip(1), margins.right, reach),
    )


def _strongest_edge(lines: Tensor, depth: int, reach: int) -> int:
    """The number of lines (C, n, length) before the strongest edge near `depth`."""
    if depth == 0:
        return 0
    first = max(1, depth - reach)
    near = lines[:, first - 1 : depth + reach + 1]
    return first + int((near[:, 1:] - near[:, :-1]).abs().mean(dim=(0, 2)).argmax())


def _find_ring(lab: Tensor) -> Margins:
    """The outermost plain surround of a picture (3, h, w)."""
    height, width = lab.shape[-2:]
    if min(height, width) < 4 * _REACH:
        return Margins()
    rows, columns = lab.transpose(0, 1), lab.permute(2, 0, 1)
    top, bottom = _plain_lines(rows), _plain_lines(rows.flip(0))
    left, right = _plain_lines(columns), _plain_lines(columns.flip(0))
    if top + bottom >= height or left + right >= width:
        return Margins()  # it is plain throughout
    across, along = slice(left, width - right), slice(top, height - bottom)
    return Margins(
        top * _ends_straight(rows[..., across], top),
        bottom * _ends_straight(rows.flip(0)[..., across], bottom),
        left * _ends_straight(columns[..., along], left),
        right * _ends_straight(columns.flip(0)[..., along], right),
    )


def _find_deckled_ring(lab: Tensor) -> Margins:
    """The surround of a picture (3, h, w) inside an edge that is not straight; it has all four sides."""
    edge = Margins(_DECKLE, _DECKLE, _DECKLE, _DECKLE)
    ring = _find_ring(edge.inside(lab))
    return edge + ring if min(ring.top, ring.bottom, ring.left, ring.right) else Margins()


def _plain_lines(lines: Tensor) -> int:
    """How many lines (n, 3, length), counted from the first, are plain and have one colour."""
    before, first, number = lines[:1].median(dim=2).values, 0, _CHUNK
    while first < len(lines):
        chunk = lines[first : first + number]
        medians = chunk.median(dim=2).values
        plain = ((chunk - medians[..., None]).norm(dim=1) < _ALIKE).float().mean(dim=1) >= _PLAIN
        steady = (medians - torch.cat((before, medians[:-1]))).norm(dim=1) < _DRIFT
        ends = (~(plain & steady)).nonzero()
        if len(ends):
            return first + int(ends[0])
        before, first, number = medians[-1:], first + number, 2 * number
    return len(lines)


def _ends_straight(lines: Tensor, depth: int) -> bool:
    """Whether the colour changes along a straight edge after `depth` of the lines (n, 3, length)."""
    if depth == 0 or depth >= len(lines):
        return False
    before = lines[max(0, depth - _REACH)]
    changes = (lines[depth : depth + _REACH + 1] - before).norm(dim=1).amax(dim=0)
    return float((changes > _STEP).float().mean()) >= _STRAIGHT


def _coloured_lines(share: Tensor, lines: Tensor) -> int:
    """How many lines (n, 3, length), counted from the first, are of a coloured surround.

    Args:
        share: the coloured share of each line, (n,).
        lines: CIE Lab.

    """
    deepest = int(_DEEPEST * len(share))
    if deepest < _REACH or float(share[deepest : len(share) - deepest].mean()) > _SELDOM:
        return 0
    coloured = (share[:deepest] > _ANY).nonzero()
    depth = int(coloured[-1]) + 1 if len(coloured) else 0
    if depth == 0 or float(share[:depth].mean()) < _OFTEN:
        return 0
    ends = range(max(1, depth - _REACH), depth + _REACH + 1)
    return depth if any(_ends_straight(lines, end) for end in ends) else 0
