"""The ab bins: the network's distribution over colours, made from a colour and read back as one."""

from __future__ import annotations

import torch
from torch import Tensor

from colorizer.lab import rgb_to_lab

SOFT_WIDTH = 5.0
"""Standard deviation, in ab units, of the Gaussian that spreads a colour over its bins (Zhang et al. 2016, 2.2)."""


def gamut_bins(grid: int = 10) -> Tensor:
    """Centres of the ab bins that sRGB reaches.

    Returns:
        float32, (K, 2): a and b, multiples of `grid`, in ascending order.

    """
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


def decode(logits: Tensor, bins: Tensor, log_prior: Tensor, temperature: float, prior_weight: float) -> Tensor:
    """Read a colour out of a distribution: its mean, after sharpening.

    p = softmax((logits - prior_weight * log_prior) / temperature). Temperature 1 and weight 0 give the least-squares
    answer; a lower temperature is the annealed mean of Zhang et al. (2016), equation 5; the prior's weight takes back
    the pull of common, dull colours.

    Args:
        logits: float, (N, K, H, W).
        bins: float, (K, 2).
        log_prior: float, (K,), logarithm of how often each bin occurs in photographs.
        temperature: above 0.
        prior_weight: 0..1.

    Returns:
        ab, float, (N, 2, H, W).

    """
    shifted = logits - prior_weight * log_prior[:, None, None]
    probability = (shifted / temperature).softmax(dim=1)
    return torch.einsum("nkhw,kc->nchw", probability, bins)
