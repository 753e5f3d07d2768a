"""The colour that a picture has of its own: what remains without a tint, a drift of light and the fringes of a lens.

Sepia, cyanotype, yellowed paper and a scanner's cast give each grey one colour, which varies slowly over the picture.
A stain, silver mirrors and a wash of light change what lies below them smoothly, by place and by lightness.
"""

from __future__ import annotations

from math import ceil

import torch
from torch import Tensor
from torch.nn import functional

_CELLS = 32
"""Short side of a picture in cells, over which noise is averaged."""
_LEVELS = 24
"""Number of levels of lightness, with equally many pixels, that each have one colour in a tint."""
_ROUNDS = 3
"""Rounds of weighted least squares; each gives less weight to large residuals of the round before."""
_STRONG = 10.0
"""A tint of this strength, in ab units, may be twice as uneven as no tint."""
_NEAR, _STRIDE = 13, 3
"""Side in cells of a neighbourhood, and the distance between those that are examined."""
_LIGHT_STEP = 10.0
"""L is divided by this, so that lightness and place have numbers of the same size."""
_THIN = 2
"""Every second pixel down and across tells how large fringes are."""
_RIDGE = 0.01
"""Added to the equations of a neighbourhood, which have no solution where it is plain."""
_TINY = 1e-3


def find_tint(lab: Tensor) -> Tensor:
    """The tint (2, h, w) of a picture (3, h, w): the median ab of each level of lightness, interpolated linearly."""
    lightness, ab = lab[0].flatten(), lab[1:].flatten(1)
    levels = lightness.argsort().tensor_split(min(_LEVELS, len(lightness)))
    steps = torch.stack([lightness[level].mean() for level in levels])
    colours = torch.stack([ab[:, level].median(dim=1).values for level in levels], dim=1)
    above = torch.searchsorted(steps, lightness).clamp(0, len(steps) - 1)
    below = (above - 1).clamp(min=0)
    share = ((lightness - steps[below]) / (steps[above] - steps[below]).clamp(min=_TINY)).clamp(0, 1)
    return torch.lerp(colours[:, below], colours[:, above], share).view_as(lab[1:])


def own_colour(lab: Tensor, tint: Tensor) -> Tensor:
    """The colour that each cell of a picture has without its tint.

    Args:
        lab: CIE Lab, (3, h, w).
        tint: ab, (2, h, w).

    Returns:
        Ab, (2, rows, columns), reduced for a strong tint.

    """
    own: Tensor = _without_drift(cells(lab[1:] - tint)) / (1 + torch.hypot(*cells(tint)) / _STRONG)
    return own


def own_colour_of_pixels(lab: Tensor, tint: Tensor) -> Tensor:
    """How much colour each pixel (h, w) of a picture (3, h, w) has without its tint (2, h, w), likewise reduced."""
    own: Tensor = torch.hypot(*(lab[1:] - tint)) / (1 + torch.hypot(*tint) / _STRONG)
    return own


def without_fringes(lab: Tensor) -> Tensor:
    """Take away what a shift between the colours of a scanner or a lens adds: ab in proportion to the slope of L.

    Args:
        lab: CIE Lab, (3, h, w).

    Returns:
        The same with other ab; pictures that are too small have no slope.

    """
    if min(lab.shape[1:]) < 3:
        return lab
    slopes = torch.stack(_slopes(lab[0]))
    given, ab = (planes[:, ::_THIN, ::_THIN].flatten(1).T for planes in (slopes, lab[1:]))
    wanted = ab - ab.median(dim=0).values
    trust = torch.ones(len(ab), 1)
    shift = torch.zeros(2, 2)
    for _ in range(_ROUNDS):
        ridge = torch.eye(2) * _TINY * len(ab)
        shift = torch.linalg.solve((given * trust).T @ given + ridge, (given * trust).T @ wanted)
        trust = _trust(wanted - given @ shift)
    return torch.cat((lab[:1], lab[1:] - torch.einsum("shw,sc->chw", slopes, shift)))


def local_deviations(colour: Tensor, lightness: Tensor) -> Tensor:
    """How far colours differ from what place and lightness explain, in each neighbourhood of a picture.

    A polynomial of second degree in both explains the colours of a neighbourhood: what years add is smooth, and what
    toning adds follows lightness. Objects beside each other have colours of their own.

    Args:
        colour: ab of cells, (2, h, w).
        lightness: L of cells, (1, h, w).

    Returns:
        The standard deviation along the hue that has most, of each neighbourhood.

    """
    height, width = colour.shape[-2:]
    down, across = torch.linspace(-3, 3, height), torch.linspace(-3, 3, width) * width / height
    y, x = torch.meshgrid(down, across, indexing="ij")
    light = (lightness[0] - lightness.mean()) / _LIGHT_STEP
    terms = torch.stack((x, y, light, light * light, x * light, y * light, x * x, y * y, x * y))
    side = min(_NEAR, height, width)
    given, wanted = _neighbourhoods(terms, side), _neighbourhoods(colour, side)
    squares = given.transpose(1, 2) @ given
    factors = torch.linalg.solve(squares + _RIDGE * torch.eye(len(terms)), given.transpose(1, 2) @ wanted)
    rest = wanted - given @ factors
    covariance = rest.transpose(1, 2) @ rest / max(1, side * side - len(terms) - 1)
    most: Tensor = torch.linalg.eigvalsh(covariance)[:, 1].clamp(min=0).sqrt()
    return most


def about_median(ab: Tensor) -> Tensor:
    """Colours (2, h, w) without their median."""
    return ab - ab.flatten(1).median(dim=1).values[:, None, None]


def cells(picture: Tensor) -> Tensor:
    """The mean over each cell, (C, h, w)."""
    size = max(1, ceil(min(picture.shape[-2:]) / _CELLS))
    return functional.avg_pool2d(picture[None], size, ceil_mode=True, count_include_pad=False)[0]


def _neighbourhoods(planes: Tensor, side: int) -> Tensor:
    """The values of planes (C, h, w) in each square, without their mean there, (N, side * side, C)."""
    squares = functional.unfold(planes[None], side, stride=_STRIDE)[0]
    values = squares.view(len(planes), side * side, -1).permute(2, 1, 0)
    return values - values.mean(dim=1, keepdim=True)


def _trust(residual: Tensor) -> Tensor:
    """Cauchy's weights, (N, 1), of residuals (N, 2) whose scale is their median (Holland & Welsch 1977)."""
    distance = residual.norm(dim=1, keepdim=True)
    weights: Tensor = 1 / (1 + (distance / (distance.median() + _TINY)).square())
    return weights


def _slopes(plane: Tensor) -> tuple[Tensor, Tensor]:
    """Half the difference of a plane (h, w) between the neighbours of each pixel, down and across; 0 at the sides."""
    down, across = torch.zeros_like(plane), torch.zeros_like(plane)
    down[1:-1] = (plane[2:] - plane[:-2]) / 2
    across[:, 1:-1] = (plane[:, 2:] - plane[:, :-2]) / 2
    return down, across


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
        trust = _trust(residual).sqrt()  # both sides of the equations are multiplied by it
    return residual.T.reshape(colour.shape)
