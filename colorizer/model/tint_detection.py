"""Whether a picture is in colour, or black and white with a tint, and what lies around it.

What remains of a picture's colours without a tint is its own (see `own_colour`). A stain, silver mirrors and a wash of
light have one hue and soft edges, and each neighbourhood explains them; noise, rings and fringes vanish in means.
Objects in colour have several hues, edges where the luma has them, and colours that differ from their neighbours'.
Where this does not suffice, the colour model is asked which colours it expects, and a small network compares both (see
`colour_odds`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.colorist import shrink
from colorizer.model.colour_odds import measure, odds, odds_with_expected
from colorizer.model.lab import rgb_to_lab
from colorizer.model.own_colour import cells, find_tint, own_colour, own_colour_of_pixels, without_fringes
from colorizer.model.surround import Margins, find_coloured_surround, find_plain_surround, neutral_surround

_SIDE = 128
"""Short side in pixels at which a picture is judged."""
_HALF = 0.5
"""A picture is judged at most at half its size: JPEG and most films have no finer colour."""
_NEUTRAL = 0.1
"""Greatest a or b of a picture whose samples are grey."""
_COLOURED = 5.0
"""Own colour of a pixel, in ab units, that counts as coloured in a surround."""
_OFF_TINT, _FEW, _ENOUGH = 8.0, 0.01, 0.1
"""A surround is in colour if at least `_ENOUGH` of it differs by `_OFF_TINT`, in ab units, from all colours of the
picture but `_FEW`."""
_FLAT, _DETAIL = 4.0, 0.25
"""Difference in L that counts as detail, and the share of a picture that must have it for a decision."""
_OFTEN, _ONE_HUE, _AGREED = 0.2, 0.8, 0.5
"""Least share of coloured pixels in lines that are in colour; least length of the mean of their colours, as a part of
their mean length, that makes these one hue; and least cosine between colours and those that are expected."""
_MEAN = 3
"""Side in cells of the squares over which colour is averaged."""
_SURELY_GREY, _SURELY_COLOUR = -8.0, 4.0
"""Logarithms of the odds that a picture is in colour, between which the network is asked."""
_COLOUR, _DOUBT = 0.0, -1.0
"""Those above which a picture is in colour, and above which that is in doubt."""
_LIT, _MUCH, _PURE = 0.5, 0.05, 0.85
"""A cell is lit if a sample of it exceeds the first number. If so many cells are lit, and their median saturation
exceeds the last one, that is colour: a dye that leaves 0.15 of a sample has a density of 1.8, which no tint has."""
_SPOT, _SPOTS = 5.0, 0.015
"""Own colour in ab units, and the share of cells that have it, from which a grey picture is in doubt."""

Expect = Callable[[Margins], Tensor | None]
"""Gives the moments of the colours that are expected inside of margins, (5, h, w), at any size; see `expected_colour`.
None where the network cannot tell."""


class Verdict(Enum):
    """What a picture is."""

    GREY = "black and white"
    COLOUR = "in colour"
    IN_DOUBT = "in doubt"
    """It has some colour: an object, a stain, or colours that have faded; it is taken for black and white."""
    UNKNOWN = "unknown"
    """A grey picture with nearly one lightness, such as a title or darkness."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a picture is, and what lies around it."""

    verdict: Verdict
    surround: Margins
    """Lines that are no part of the picture, at the size at which it was judged."""
    surround_in_colour: bool = False
    """Whether the surround has a colour that the picture has not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is measured of a picture."""

    surround: Margins
    inside: Tensor
    """CIE Lab of the picture without its surround and fringes, (3, h, w)."""
    own: Tensor
    """Ab of its cells without a tint, each the mean over its neighbours, (2, rows, columns)."""
    cells: Tensor
    """CIE Lab of its cells, likewise, (3, rows, columns)."""

    def expected(self, moments: Tensor) -> Tensor:
        """What is expected of the cells, (5, rows, columns), by that of the picture at any size."""
        return around(shrink(moments[None], (self.cells.shape[1], self.cells.shape[2]))[0])


def judge(rgb: Tensor, expect: Expect | None = None) -> Judgement:
    """Tell colour from grey with a tint, inside of what lies around the picture.

    Args:
        rgb: R'G'B', float 0..1, (3, h, w), at `judged_extent`.
        expect: asked where the picture alone does not decide.

    """
    lab = rgb_to_lab(rgb)
    is_neutral = float(lab[1:].abs().amax()) < _NEUTRAL
    plain = find_plain_surround(lab[:1] if is_neutral else lab)
    if is_neutral:
        verdict = Verdict.GREY if _has_detail(plain.inside(lab)) else Verdict.UNKNOWN
        return Judgement(verdict, neutral_surround(lab[0], plain))
    plain = without_scenery(lab, plain, expect)
    seen = see(lab, plain, expect)
    is_pure = _is_pure(cells(seen.surround.inside(rgb)))
    verdict = Verdict.COLOUR if is_pure else _verdict(seen, expect and partial(expect, seen.surround))
    if seen.surround and verdict is not Verdict.COLOUR and _is_off_tint(lab, seen):
        return Judgement(verdict, seen.surround, surround_in_colour=True)
    return Judgement(verdict, neutral_surround(lab[0], plain))


def without_scenery(lab: Tensor, plain: Margins, expect: Expect | None) -> Margins:
    """The plain surround of a picture (3, h, w), unless it is a plain sky or sea, which no picture has on all sides."""
    has_all_sides = all((plain.top, plain.bottom, plain.left, plain.right))
    is_scenery = expect is not None and not has_all_sides and _is_part(lab, plain, Margins(), expect)
    return Margins() if is_scenery else plain


def see(lab: Tensor, plain: Margins, expect: Expect | None = None) -> Seen:
    """Measure the colours of a picture inside its surround.

    Args:
        lab: CIE Lab, (3, h, w).
        plain: its plain surround; one in colour is found here.
        expect: asked whether a surround in colour is a part of the picture.

    """
    inside = without_fringes(plain.inside(lab))
    tint = find_tint(inside)
    beside = find_coloured_surround(inside, own_colour_of_pixels(inside, tint) > _COLOURED)
    if expect and _is_part(inside, beside, plain, expect):
        beside = Margins()
    if beside:
        inside = beside.inside(inside)
        tint = find_tint(inside)
    return Seen(plain + beside, inside, around(own_colour(inside, tint)), around(cells(inside)))


def _is_part(lab: Tensor, beside: Margins, within: Margins, expect: Expect) -> bool:
    """Whether lines of colour beside a picture are a part of it: sky, sea or grass.

    Unlike a scale of colours they have one hue, and unlike the cover of an album that which is expected there.

    Args:
        lab: CIE Lab, (3, h, w), of the picture and these lines.
        beside: the lines.
        within: what surrounds both.
        expect: asked where the lines have one hue that the picture has not.

    """
    is_beside = torch.ones_like(lab[0], dtype=torch.bool)
    beside.inside(is_beside)[:] = False
    here = _beyond_picture(lab[1:], beside)[:, is_beside]
    sizes = here.norm(dim=0)
    has_colour = bool(beside) and float((sizes > _COLOURED).float().mean()) > _OFTEN
    if not has_colour or here.mean(dim=1).norm() < _ONE_HUE * sizes.mean() or (moments := expect(within)) is None:
        return False
    expected = shrink(moments[None, :2], (lab.shape[1], lab.shape[2]))[0]
    there = _beyond_picture(expected, beside)[:, is_beside]
    return min(_cosine(here, there), _cosine(here, expected[:, is_beside])) > _AGREED


def _beyond_picture(ab: Tensor, beside: Margins) -> Tensor:
    """Colours (2, h, w) without the median of those of a picture."""
    return ab - beside.inside(ab).flatten(1).median(dim=1).values[:, None, None]


def _cosine(one: Tensor, other: Tensor) -> float:
    return float(functional.cosine_similarity(one.flatten(), other.flatten(), dim=0))


def judged_extent(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a picture of this height and width is judged."""
    scale = min(_HALF, _SIDE / min(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _is_pure(rgb: Tensor) -> bool:
    """Whether what is lit in a picture (3, h, w) has a colour that is purer than that of any tint: a red rose."""
    most = rgb.amax(dim=0)
    lit = most > _LIT
    if float(lit.float().mean()) < _MUCH:
        return False
    return float((1 - rgb.amin(dim=0)[lit] / most[lit]).median()) > _PURE


def _verdict(seen: Seen, expect: Callable[[], Tensor | None] | None) -> Verdict:
    """What a picture is, by what lies inside of its surround."""
    score = _score(seen, expect)
    if score > _COLOUR:
        return Verdict.COLOUR
    if not _has_detail(seen.inside):
        return Verdict.UNKNOWN
    spots = (seen.own.norm(dim=0) > _SPOT).float().mean()
    return Verdict.IN_DOUBT if score > _DOUBT or float(spots) > _SPOTS else Verdict.GREY


def _has_detail(lab: Tensor) -> bool:
    """Whether a picture (3, h, w) has more than nearly one lightness."""
    return float(((lab[0] - lab[0].median()).abs() > _FLAT).float().mean()) > _DETAIL


def _is_off_tint(lab: Tensor, seen: Seen) -> bool:
    """Whether a surround has a colour that the picture inside it has at no lightness."""
    tint = seen.inside[1:].flatten(1)
    outside = torch.ones_like(lab[0], dtype=torch.bool)
    seen.surround.inside(outside)[:] = False
    colours = lab[1:, outside]
    low, high = tint.quantile(_FEW, dim=1), tint.quantile(1 - _FEW, dim=1)
    off = (torch.maximum(low[:, None] - colours, colours - high[:, None]).clamp(min=0)).norm(dim=0)
    return float((off > _OFF_TINT).float().mean()) > _ENOUGH


def _score(seen: Seen, expect: Callable[[], Tensor | None] | None) -> float:
    """Logarithm of the odds that a picture is in colour; see `colour_odds.measure`."""
    measured = measure(seen.own, seen.cells)
    alone = odds(measured)
    if expect is None or not is_undecided(alone):
        return alone
    moments = expect()
    return alone if moments is None else odds_with_expected(measured, seen.own, seen.cells, seen.expected(moments))


def is_undecided(alone: float) -> bool:
    """Whether the network is asked about a picture with these odds, which are a logarithm; see `colour_odds.odds`."""
    return _SURELY_GREY < alone < _SURELY_COLOUR


def around(planes: Tensor) -> Tensor:
    """The mean of planes (C, h, w) over the square around each cell."""
    edge = _MEAN // 2
    return functional.avg_pool2d(functional.pad(planes[None], (edge,) * 4, mode="replicate"), _MEAN, stride=1)[0]
