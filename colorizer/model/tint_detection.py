"""Whether a picture is in colour, or black and white under a cast: colour that follows from the luma and the place.

Sepia, cyanotype, yellowed paper and a scanner's cast give every grey its one colour, a little more here and less there.
What remains of the colour when such a cast is taken off is the picture's own.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import rgb_to_lab

# Chosen by the errors both ways on the validation photographs, in colour and toned, many of them strongly compressed.
_SIDE, _CELLS = 128, 32
"""Short side in pixels at which a picture is judged, and in cells over which noise is averaged."""
_HALF = 0.5
"""A picture is judged at half its size at most: JPEG and most films hold no finer colour."""
_LEVELS = 24
"""Steps of lightness, of as many pixels each, that have a colour of their own in a cast."""
_ROUNDS = 3
"""Of weighted least squares, each giving less weight to what the fit before could not explain."""
_STRONG = 10.0
"""A cast of this strength, in ab units, may be twice as uneven as none."""
_OBJECT, _COLOUR = 0.98, 2.2
"""A picture is in colour if the rest of it, beside this share of its cells, has this much colour of its own."""
_FLAT, _DETAIL = 4.0, 0.25
"""Difference in L that is detail, and the share of a picture that must have it, for grey to mean anything."""
_TINY = 1e-3


def is_in_colour(rgb: Tensor) -> bool | None:
    """Tell colour from grey under a cast.

    Args:
        rgb: R'G'B', float 0..1, (3, h, w), at `judged_extent`.

    Returns:
        None for grey that tells nothing: nearly all of one lightness, as titles and darkness are.

    """
    lab = rgb_to_lab(rgb)
    if float(own_colour(lab).quantile(_OBJECT)) > _COLOUR:
        return True
    lightness = lab[0]
    detail = ((lightness - lightness.median()).abs() > _FLAT).float().mean()
    return False if float(detail) > _DETAIL else None


def judged_extent(height: int, width: int) -> tuple[int, int]:
    """Height and width at which a picture of this height and width is judged."""
    scale = min(_HALF, _SIDE / min(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def own_colour(lab: Tensor) -> Tensor:
    """How much colour is left in each cell of a picture when its cast is taken off: ab units, less under a strong cast.

    Args:
        lab: CIE Lab, (3, h, w).

    """
    lightness, ab = lab[0], lab[1:]
    cast = _cast(lightness.flatten(), ab.flatten(1)).view_as(ab)
    strength: Tensor = _averaged(cast).norm(dim=0).flatten()
    own: Tensor = _without_drift(_averaged(ab - cast)).norm(dim=1)
    return own / (1 + strength / _STRONG)


def _cast(lightness: Tensor, ab: Tensor) -> Tensor:
    """Colour as a function of lightness: the median of each level, and in between a straight line; (N,), (2, N)."""
    levels = lightness.argsort().tensor_split(min(_LEVELS, len(lightness)))
    steps = torch.stack([lightness[level].mean() for level in levels])
    colours = torch.stack([ab[:, level].median(dim=1).values for level in levels], dim=1)
    above = torch.searchsorted(steps, lightness).clamp(0, len(steps) - 1)
    below = (above - 1).clamp(min=0)
    share = ((lightness - steps[below]) / (steps[above] - steps[below]).clamp(min=_TINY)).clamp(0, 1)
    return torch.lerp(colours[:, below], colours[:, above], share)


def _averaged(picture: Tensor) -> Tensor:
    """The mean over each cell, (C, h, w)."""
    size = max(1, ceil(min(picture.shape[-2:]) / _CELLS))
    return functional.avg_pool2d(picture[None], size, ceil_mode=True, count_include_pad=False)[0]


def _without_drift(colour: Tensor) -> Tensor:
    """Take off what changes slowly over the picture: a quadratic surface, fitted so that objects do not bend it.

    Args:
        colour: ab, (2, h, w).

    Returns:
        ab, (h * w, 2).

    """
    height, width = colour.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing="ij")
    surface = torch.stack((torch.ones_like(x), x, y, x * x, y * y, x * y)).flatten(1).T
    colours = colour.flatten(1).T
    left, trust = colours, torch.ones(len(colours), 1)
    for _ in range(_ROUNDS):
        left = colours - surface @ (torch.linalg.pinv(surface * trust) @ (colours * trust))
        distance = left.norm(dim=1, keepdim=True)
        trust = 1 / (1 + (distance / (distance.median() + _TINY)).square()).sqrt()
    return left
