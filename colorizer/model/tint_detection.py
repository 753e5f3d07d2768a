"""Whether a picture is in colour, or black and white with a tint, and what lies around it.

Sepia, cyanotype, yellowed paper and a scanner's cast give each grey one colour, which varies slowly over the picture.
The colour that remains when such a tint is removed is the picture's own. A stain, silver mirrors and a wash of light
have one hue and soft edges; noise, rings and fringes vanish in means; objects in colour have several hues, edges where
the luma has them, and lie in the inner part of the picture as well, where what years and scanners add is rare.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import ceil, log

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import rgb_to_lab
from colorizer.model.surround import Margins, find_coloured_surround, find_plain_surround, neutral_surround

_SIDE, _CELLS = 128, 32
"""Short side in pixels at which a picture is judged, and in cells over which noise is averaged."""
_HALF = 0.5
"""A picture is judged at most at half its size: JPEG and most films have no finer colour."""
_LEVELS = 24
"""Number of levels of lightness, with equally many pixels, that each have one colour in a tint."""
_ROUNDS = 3
"""Rounds of weighted least squares; each gives less weight to large residuals of the round before."""
_STRONG = 10.0
"""A tint of this strength, in ab units, may be twice as uneven as no tint."""
_NEUTRAL = 0.1
"""Greatest a or b of a picture whose samples are grey."""
_COLOURED = 5.0
"""Own colour of a pixel, in ab units, that counts as coloured in a surround."""
_OFF_TINT, _FEW, _ENOUGH = 8.0, 0.01, 0.1
"""A surround is in colour if at least `_ENOUGH` of it differs by `_OFF_TINT`, in ab units, from all colours of the
picture but `_FEW`."""
_FLAT, _DETAIL = 4.0, 0.25
"""Difference in L that counts as detail, and the share of a picture that must have it for a decision."""
_MEAN, _AROUND = 3, 9
"""Sides in cells of the squares over which own colour is averaged, and of their surroundings."""
_MANY, _MOST, _USUAL_DETAILS = 0.8, 0.95, 0.9
"""Shares of the cells whose own colour, and details of it, count; the strongest may be an object, a stain or ink."""
_INNER = 0.15
"""Share of the height and width at each side that is no inner part."""
# A logistic regression, fitted to the tuning half of benchmarks/colour_verdicts.py; there, doubtful ones are grey.
_SECOND_HUE_OF_MANY, _SECOND_HUE_OF_MOST, _EDGES, _TINTED, _INNER_DETAILS, _BIAS = 3.9, 1.84, 3.58, 2.24, 1.5, -1.0
_LEAST = 0.03
"""Ab units that are added to each deviation, so that its logarithm exists."""
_COLOUR, _DOUBT = 0.0, -2.5
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
    plain = find_plain_surround(lab)
    inside = plain.inside(lab)
    if float(lab[1:].abs().amax()) < _NEUTRAL:
        verdict = Verdict.GREY if _has_detail(inside) else Verdict.UNKNOWN
        return Judgement(verdict, neutral_surround(lab[0], plain))
    tint = _tint(inside)
    beside = find_coloured_surround(inside, _own_colour_of_pixels(inside, tint) > _COLOURED)
    surround, inside = plain + beside, beside.inside(inside)
    verdict = _verdict(inside, _tint(inside) if beside else tint)
    if surround and verdict is not Verdict.COLOUR and _is_off_tint(lab, inside, surround):
        return Judgement(verdict, surround, surround_in_colour=True)
    return Judgement(verdict, neutral_surround(lab[0], plain))


def judged_extent(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a picture of this height and width is judged."""
    scale = min(_HALF, _SIDE / min(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _verdict(lab: Tensor, tint: Tensor) -> Verdict:
    """What a picture (3, h, w) without its surround is, which has a tint (2, h, w)."""
    own, strength = _own_colour(lab, tint)
    score = _score(own, _inner_own_colour(lab), _averaged(lab[:1]), strength)
    if score > _COLOUR:
        return Verdict.COLOUR
    if not _has_detail(lab):
        return Verdict.UNKNOWN
    spots = (_around(own, _MEAN).norm(dim=0) > _SPOT).float().mean()
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


def _own_colour(lab: Tensor, tint: Tensor) -> tuple[Tensor, float]:
    """The colour that each cell of a picture has without its tint, and the strength of the tint.

    Args:
        lab: CIE Lab, (3, h, w).
        tint: ab, (2, h, w).

    Returns:
        Ab, (2, rows, columns), reduced for a strong tint; and the median of the tint in ab units.

    """
    strength = _averaged(tint).norm(dim=0)
    own = _without_drift(_averaged(lab[1:] - tint))
    return own / (1 + strength / _STRONG), float(strength.median())


def _own_colour_of_pixels(lab: Tensor, tint: Tensor) -> Tensor:
    """How much colour each pixel (h, w) of a picture (3, h, w) has without its tint (2, h, w), likewise reduced."""
    own: Tensor = (lab[1:] - tint).norm(dim=0) / (1 + tint.norm(dim=0) / _STRONG)
    return own


def _inner_own_colour(lab: Tensor) -> Tensor:
    """The own colour of the cells in the inner part of a picture (3, h, w), which is judged without the rest."""
    down, across = int(_INNER * lab.shape[1]), int(_INNER * lab.shape[2])
    inner = Margins(down, down, across, across).inside(lab)
    return _own_colour(inner, _tint(inner))[0]


def _score(own: Tensor, inner: Tensor, lightness: Tensor, strength: float) -> float:
    """Log odds that a picture is in colour.

    Args:
        own: own colour of its cells, (2, rows, columns).
        inner: of the cells in its inner part.
        lightness: of all cells, (1, rows, columns).
        strength: of the tint.

    """
    smooth = _around(own, _MEAN)
    details = _around(inner, _MEAN) - _around(inner, _AROUND)
    return (
        _SECOND_HUE_OF_MANY * log(_deviations(_usual(smooth, _MANY))[0] + _LEAST)
        + _SECOND_HUE_OF_MOST * log(_deviations(_usual(smooth, _MOST))[0] + _LEAST)
        + _EDGES * _shared_edges(smooth, _around(lightness, _MEAN))
        + _TINTED * log(strength + _LEAST)
        + _INNER_DETAILS * log(_deviations(_usual(details, _USUAL_DETAILS))[1] + _LEAST)
        + _BIAS
    )


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


def _around(planes: Tensor, size: int) -> Tensor:
    """The mean of planes (C, h, w) over the square around each cell."""
    edge = size // 2
    return functional.avg_pool2d(functional.pad(planes[None], (edge,) * 4, mode="replicate"), size, stride=1)[0]


def _tint(lab: Tensor) -> Tensor:
    """The tint (2, h, w) of a picture (3, h, w): the median ab of each level of lightness, interpolated linearly."""
    lightness, ab = lab[0].flatten(), lab[1:].flatten(1)
    levels = lightness.argsort().tensor_split(min(_LEVELS, len(lightness)))
    steps = torch.stack([lightness[level].mean() for level in levels])
    colours = torch.stack([ab[:, level].median(dim=1).values for level in levels], dim=1)
    above = torch.searchsorted(steps, lightness).clamp(0, len(steps) - 1)
    below = (above - 1).clamp(min=0)
    share = ((lightness - steps[below]) / (steps[above] - steps[below]).clamp(min=_TINY)).clamp(0, 1)
    return torch.lerp(colours[:, below], colours[:, above], share).view_as(lab[1:])


def _averaged(picture: Tensor) -> Tensor:
    """The mean over each cell, (C, h, w)."""
    size = max(1, ceil(min(picture.shape[-2:]) / _CELLS))
    return functional.avg_pool2d(picture[None], size, ceil_mode=True, count_include_pad=False)[0]


def _without_drift(colour: Tensor) -> Tensor:
    """Subtract what changes slowly over the picture: a quadratic surface, fitted robustly against objects.

    Args:
        colour: ab, (2, h, w).

    Returns:
        ab, (2, h, w).

    """
    height, width = colour.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    surface = torch.stack((torch.ones_like(x), x, y, x * x, y * y, x * y)).flatten(1).T
    colours = colour.flatten(1).T
    residual, trust = colours, torch.ones(len(colours), 1)
    for _ in range(_ROUNDS):
        residual = colours - surface @ (torch.linalg.pinv(surface * trust) @ (colours * trust))
        distance = residual.norm(dim=1, keepdim=True)
        trust = 1 / (1 + (distance / (distance.median() + _TINY)).square()).sqrt()
    return residual.T.reshape(colour.shape)
