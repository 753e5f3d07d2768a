"""The ab bins, and a colour as a distribution over them."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from colorizer.model.lab import rgb_to_lab

SOFT_WIDTH = 5.0
"""Standard deviation, in ab units, of the Gaussian that spreads a colour over its bins (Zhang et al. 2016, 2.2)."""


def gamut_bins(grid: int = 10) -> Tensor:
    """Centres of the ab bins that sRGB reaches.

    Returns:
        float32, (K, 2): a and b, multiples of `grid`, in ascending order.

    """
    return _gamut_bins(grid).clone()


@cache
def _gamut_bins(grid: int) -> Tensor:
    level = torch.linspace(0, 1, 52)
    cube = torch.stack(torch.meshgrid(level, level, level, indexing="ij")).reshape(3, -1, 1)
    ab = rgb_to_lab(cube)[1:].squeeze(-1).T
    cells: Tensor = torch.unique((ab / grid).round(), dim=0)
    return cells * grid


def soft_encode(ab: Tensor, bins: Tensor) -> Tensor:
    """Spread each colour over the bins near it.

    Args:
        ab: float, (N, 2, H, W).
        bins: float, (K, 2).

    Returns:
        float, (N, K, H, W): a distribution over the bins at each pixel.

    """
    distance = torch.cdist(ab.permute(0, 2, 3, 1).flatten(0, 2), bins)
    weight = (distance.square() / (-2 * SOFT_WIDTH**2)).softmax(dim=-1)
    batch, _, height, width = ab.shape
    return weight.view(batch, height, width, -1).permute(0, 3, 1, 2)
