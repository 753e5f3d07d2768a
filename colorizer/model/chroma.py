"""Low-resolution colour to full-resolution chroma, along the edges of the luma.

Luma is float in 0..1, chroma (Cb, Cr) float in -0.5..0.5, ab in CIE units.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import Matrix, lab_to_rgb, lightness_of_luma, rgb_minus_luma, rgb_to_ycbcr

# Chosen by the error of true ab, shrunk to a quarter of 144 lines and enlarged again: against bilinear enlargement
# these take off 13% on the validation photographs, and 12% on average at 3.5 times the working size.
_SPACE, _RANGE = 0.35, 0.07
"""Widths of the joint bilateral filter: in cells of the network's grid, and in luma."""
_RADIUS, _SMOOTHNESS = 2, 1e-3
"""Reach of the guided filter in pixels of the working size, and the variance of luma that it counts as flat."""
_LEAST_WEIGHT = 1e-6
"""Of a neighbour whose lightness is nothing like the pixel's: it counts where no other is."""
_TINY = 1e-9
"""A colour that reaches less far from grey than this is inside the gamut."""


@dataclass(frozen=True, slots=True)
class ChromaFit:
    """Chroma as a local linear function of the luma: chroma = slope * luma + offset, each (N, 2, h, w)."""

    slope: Tensor
    offset: Tensor


def chroma_of(luma: Tensor, ab: Tensor, matrix: Matrix) -> Tensor:
    """Find the Cb and Cr that give a pixel the colour ab without changing its luma.

    The lightness that goes with a luma depends a little on the colour; taking that of grey costs 0.14 ab units on
    average over photographs, 0.5 at the 95th percentile.

    Args:
        luma: (N, 1, H, W).
        ab: (N, 2, H, W).
        matrix: of the Y'CbCr wanted.

    Returns:
        Chroma, (N, 2, H, W), inside the gamut at this luma.

    """
    rgb = lab_to_rgb(torch.cat((lightness_of_luma(luma), ab), dim=1))
    return fit_gamut(luma, luma, rgb_to_ycbcr(rgb, matrix)[:, 1:], matrix)


def sharpen(ab: Tensor, lightness: Tensor) -> Tensor:
    """Enlarge the network's grid to the size of its input, along the edges of the lightness.

    Joint bilateral upsampling (Kopf et al. 2007): each pixel is a mean of the nine cells around it, weighted by their
    distance and by how near their lightness is to its own.

    Args:
        ab: (N, 2, H / s, W / s).
        lightness: L, 0..100, (N, 1, H, W).

    Returns:
        ab, (N, 2, H, W).

    """
    batch, _, rows, columns = ab.shape
    height, width = lightness.shape[-2:]
    guide = (lightness / 100).view(batch, 1, rows, height // rows, columns, width // columns)
    cells = torch.cat((ab, guide.mean(dim=(3, 5))), dim=1)
    around = functional.pad(cells, (1, 1, 1, 1), mode="replicate")
    total = ab.new_zeros(batch, 2, *guide.shape[2:])
    weights = torch.zeros_like(guide)
    for down, right in product(range(3), repeat=2):
        near = around[..., down : down + rows, right : right + columns][..., None, :, None]
        across = _distance(width // columns, right, guide).square()
        along = _distance(height // rows, down, guide).square()[:, None, None]
        nearness = (across + along) / (-2 * _SPACE**2) + (guide - near[:, 2:]).square() / (-2 * _RANGE**2)
        weight = nearness.exp() + _LEAST_WEIGHT
        total += weight * near[:, :2]
        weights += weight
    return (total / weights).view(batch, 2, height, width)


def fit_chroma(luma: Tensor, chroma: Tensor) -> ChromaFit:
    """Explain chroma by luma around each pixel, exactly at the pixel itself.

    The slope is that of the fast guided filter (He & Sun 2015); the offset keeps what luma cannot explain.

    Args:
        luma: (N, 1, h, w), the guide.
        chroma: (N, 2, h, w).

    """
    moments = _box(torch.cat((luma, luma * luma, chroma, luma * chroma), dim=1))
    mean_luma, mean_square = moments[:, :1], moments[:, 1:2]
    variance = (mean_square - mean_luma * mean_luma).clamp(min=0)
    covariance = moments[:, 4:] - mean_luma * moments[:, 2:4]
    slope = _box(covariance / (variance + _SMOOTHNESS))
    return ChromaFit(slope, chroma - slope * luma)


def enlarge(fit: ChromaFit, luma: Tensor) -> Tensor:
    """Chroma (N, 2, H, W) at the size of a luma (N, 1, H, W)."""
    both = torch.cat((fit.slope, fit.offset), dim=1)
    slope, offset = functional.interpolate(both, size=luma.shape[-2:], mode="bilinear").chunk(2, dim=1)
    return torch.addcmul(offset, slope, luma)


def fit_gamut(darkest: Tensor, brightest: Tensor, chroma: Tensor, matrix: Matrix) -> Tensor:
    """Reduce chroma, keeping its hue, until R'G'B' lie in 0..1 at every luma from `darkest` to `brightest`.

    Args:
        darkest: (N, 1, H, W), the least luma that shares a chroma sample (the luma itself where none is shared).
        brightest: (N, 1, H, W), the greatest.
        chroma: (N, 2, H, W).
        matrix: of the Y'CbCr.

    """
    red, green, blue = rgb_minus_luma(chroma, matrix).unbind(1)
    up = torch.maximum(torch.maximum(red, green), blue).clamp(min=_TINY)
    down = torch.minimum(torch.minimum(red, green), blue).neg().clamp(min=_TINY)
    room = torch.minimum((1 - brightest[:, 0]) / up, darkest[:, 0] / down)
    return chroma * room.clamp(0, 1).unsqueeze(1)


def _distance(pixels: int, shift: int, like: Tensor) -> Tensor:
    """How far each pixel of a cell lies from the centre of a neighbour, in cells; `shift` is 0, 1 or 2."""
    place = (torch.arange(pixels, dtype=like.dtype, device=like.device) + 0.5) / pixels
    return place - (shift - 0.5)


def _box(picture: Tensor) -> Tensor:
    """Mean over the square of `_RADIUS` around each pixel, as far as it lies in the picture."""
    return _window(picture.shape[-2], picture) @ (picture @ _window(picture.shape[-1], picture).T)


def _window(size: int, like: Tensor) -> Tensor:
    """The matrix (size, size) that takes the mean of each place's neighbours on a line."""
    place = torch.arange(size, device=like.device)
    near = ((place[:, None] - place).abs() <= _RADIUS).to(like)
    return near / near.sum(dim=1, keepdim=True)
