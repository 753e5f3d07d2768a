"""Whether a picture is in colour, or black and white with a tint.

Sepia, cyanotype, yellowed paper and a scanner's cast give each grey one colour, which varies slowly over the picture.
The colour that remains when such a tint is removed is the picture's own.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import rgb_to_lab

# Chosen by the errors of both kinds on the validation photographs, in colour and toned, many of them compressed a lot.
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
_OBJECT, _COLOUR = 0.98, 2.2
"""A picture is in colour if more than 1 - `_OBJECT` of its cells have more own colour than `_COLOUR`."""
_FLAT, _DETAIL = 4.0, 0.25
"""Difference in L that counts as detail, and the share of a picture that must have it for a decision."""
_TINY = 1e-3


def is_in_colour(rgb: Tensor) -> bool | None:
    """Tell colour from grey with a tint.

    Args:
        rgb: R'G'B', float 0..1, (3, h, w), at `judged_extent`.

    Returns:
        None for a grey picture with nearly one lightness, such as a title or darkness: it allows no decision.

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
    """How much colour each cell of a picture has without its tint, in ab units; reduced for a strong tint.

    Args:
        lab: CIE Lab, (3, h, w).

    """
    lightness, ab = lab[0], lab[1:]
    tint = _tint(lightness.flatten(), ab.flatten(1)).view_as(ab)
    strength: Tensor = _averaged(tint).norm(dim=0).flatten()
    own: Tensor = _without_drift(_averaged(ab - tint)).norm(dim=1)
    return own / (1 + strength / _STRONG)


def _tint(lightness: Tensor, ab: Tensor) -> Tensor:
    """The tint, (2, N), at a lightness (N,): the median ab of each level, with linear interpolation."""
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
    """Subtract what changes slowly over the picture: a quadratic surface, fitted robustly against objects.

    Args:
        colour: ab, (2, h, w).

    Returns:
        ab, (h * w, 2).

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
    return residual
