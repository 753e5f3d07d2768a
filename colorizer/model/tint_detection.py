"""Whether a picture is in colour, or black and white with a tint, and what lies around it.

What remains of a picture's colours without a tint is its own (see `own_colour`). A stain, silver mirrors and a wash of
light have one hue and soft edges, and each neighbourhood explains them; noise, rings and fringes vanish in means.
Objects in colour have several hues, edges where the luma has them, and colours that differ from their neighbours'.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import log

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import rgb_to_lab
from colorizer.model.own_colour import (
    cells,
    find_tint,
    local_deviations,
    own_colour,
    own_colour_of_pixels,
    without_fringes,
)
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
_MEAN = 3
"""Side in cells of the squares over which colour is averaged."""
_MANY, _MOST = 0.8, 0.95
"""Shares of the cells whose colour counts; the strongest may be an object, a stain or ink."""
_USUAL_PLACE = 0.3
"""Quantile of the neighbourhoods: most of a picture in colour has colours that place and lightness do not explain."""
# A logistic regression, fitted to the tuning half of benchmarks/colour_verdicts.py; there, doubtful ones are grey.
# Pairs are for deviations along the hue that has least and along that of most. Those of all cells stand against those
# of most: one strong object is no picture in colour.
_OWN, _OF_MOST, _OF_ALL = (6.9, -1.8), (4.3, 3.3), (-3.2, -2.7)
_STRENGTH, _LOCAL, _EDGES, _BIAS = 1.4, 3.2, 6.2, -2.4
_LEAST = 0.03
"""Ab units that are added to each deviation, so that its logarithm exists."""
_COLOUR, _DOUBT = 0.0, -1.0
"""Score above which a picture is in colour, and above which that is in doubt."""
_SPOT, _SPOTS = 5.0, 0.015
"""Own colour in ab units, and the share of cells that have it, from which a grey picture is in doubt."""
_TINY = 1e-3


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


def judge(rgb: Tensor) -> Judgement:
    """Tell colour from grey with a tint, inside of what lies around the picture.

    Args:
        rgb: R'G'B', float 0..1, (3, h, w), at `judged_extent`.

    """
    lab = rgb_to_lab(rgb)
    is_neutral = float(lab[1:].abs().amax()) < _NEUTRAL
    plain = find_plain_surround(lab[:1] if is_neutral else lab)
    if is_neutral:
        verdict = Verdict.GREY if _has_detail(plain.inside(lab)) else Verdict.UNKNOWN
        return Judgement(verdict, neutral_surround(lab[0], plain))
    inside = without_fringes(plain.inside(lab))
    tint = find_tint(inside)
    beside = find_coloured_surround(inside, own_colour_of_pixels(inside, tint) > _COLOURED)
    surround, inside = plain + beside, beside.inside(inside)
    verdict = _verdict(inside, find_tint(inside) if beside else tint)
    if surround and verdict is not Verdict.COLOUR and _is_off_tint(lab, inside, surround):
        return Judgement(verdict, surround, surround_in_colour=True)
    return Judgement(verdict, neutral_surround(lab[0], plain))


def judged_extent(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a picture of this height and width is judged."""
    scale = min(_HALF, _SIDE / min(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _verdict(lab: Tensor, tint: Tensor) -> Verdict:
    """What a picture (3, h, w) without its surround is, which has a tint (2, h, w)."""
    own = _around(own_colour(lab, tint))
    score = _score(own, _around(cells(lab)))
    if score > _COLOUR:
        return Verdict.COLOUR
    if not _has_detail(lab):
        return Verdict.UNKNOWN
    spots = (own.norm(dim=0) > _SPOT).float().mean()
    return Verdict.IN_DOUBT if score > _DOUBT or float(spots) > _SPOTS else Verdict.GREY


def _has_detail(lab: Tensor) -> bool:
    """Whether a picture (3, h, w) has more than nearly one lightness."""
    return float(((lab[0] - lab[0].median()).abs() > _FLAT).float().mean()) > _DETAIL


def _is_off_tint(lab: Tensor, inside: Tensor, surround: Margins) -> bool:
    """Whether a surround has a colour that the picture inside it has at no lightness."""
    tint = inside[1:].flatten(1)
    outside = torch.ones_like(lab[0], dtype=torch.bool)
    surround.inside(outside)[:] = False
    colours = lab[1:, outside]
    low, high = tint.quantile(_FEW, dim=1), tint.quantile(1 - _FEW, dim=1)
    off = (torch.maximum(low[:, None] - colours, colours - high[:, None]).clamp(min=0)).norm(dim=0)
    return float((off > _OFF_TINT).float().mean()) > _ENOUGH


def _score(own: Tensor, lab: Tensor) -> float:
    """Log odds that a picture is in colour.

    Args:
        own: own colour of its cells, ab, (2, rows, columns).
        lab: the cells as they are, CIE Lab, (3, rows, columns).

    """
    about_median = lab[1:] - lab[1:].flatten(1).median(dim=1).values[:, None, None]
    strength = _deviations(lab[1:].flatten(1))[1]
    local = float(local_deviations(lab[1:], lab[:1]).quantile(_USUAL_PLACE))
    return (
        _weighed(_OWN, _deviations(_usual(own, _MANY)))
        + _weighed(_OF_MOST, _deviations(_usual(about_median, _MOST)))
        + _weighed(_OF_ALL, _deviations(about_median.flatten(1)))
        + _weighed((_STRENGTH, _LOCAL), (strength, local))
        + _EDGES * _shared_edges(own, lab[:1])
        + _BIAS
    )


def _weighed(weights: tuple[float, float], deviations: tuple[float, float]) -> float:
    """The weighted sum of the logarithms of deviations in ab units."""
    return sum(weight * log(deviation + _LEAST) for weight, deviation in zip(weights, deviations, strict=True))


def _usual(colours: Tensor, share: float) -> Tensor:
    """The colours (2, N) of a share of the cells (2, rows, columns): all but the strongest."""
    sizes = colours.norm(dim=0)
    return colours[:, sizes <= sizes.quantile(share)]


def _deviations(ab: Tensor) -> tuple[float, float]:
    """Standard deviations from grey of colours (2, N): along the hue that they have least, and along that of most."""
    squares = torch.linalg.eigvalsh(ab @ ab.T / max(1, ab.shape[1])).clamp(min=0)
    least, most = squares.sqrt().tolist()
    return least, most


def _shared_edges(colour: Tensor, lightness: Tensor) -> float:
    """How far colour changes where lightness does: 1 if they are independent."""
    colours, lights = _changes(colour), _changes(lightness)
    return float((colours * lights).mean() / (colours.mean() * lights.mean() + _TINY)) if colours.numel() else 0.0


def _changes(planes: Tensor) -> Tensor:
    """Length of the gradient of planes (C, h, w), (h - 1, w - 1)."""
    down = planes[:, 1:, 1:] - planes[:, :-1, 1:]
    across = planes[:, 1:, 1:] - planes[:, 1:, :-1]
    return (down.square().sum(dim=0) + across.square().sum(dim=0)).sqrt()


def _around(planes: Tensor) -> Tensor:
    """The mean of planes (C, h, w) over the square around each cell."""
    edge = _MEAN // 2
    return functional.avg_pool2d(functional.pad(planes[None], (edge,) * 4, mode="replicate"), _MEAN, stride=1)[0]
