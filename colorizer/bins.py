"""The ab bins: the network's distribution over colours, made from a colour and read back as one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.lab import rgb_to_lab

SOFT_WIDTH = 5.0
"""Standard deviation, in ab units, of the Gaussian that spreads a colour over its bins (Zhang et al. 2016, 2.2)."""


_SMOOTH = 2
"""Cells of the network's grid, to each side, over which the agreement is averaged: neighbours get the same gain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a distribution is read as a colour."""

    temperature: float = 1.0
    """Above 0."""
    prior_weight: float = 0.0
    """0..1."""
    gain: float = 0.0
    """Chroma that is added where the colours agree, as a part of what is there."""


LEAST_SQUARES = Reading()
"""The mean of the distribution as it is."""


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


def decode(logits: Tensor, bins: Tensor, log_prior: Tensor, reading: Reading) -> Tensor:
    """Read a colour out of a distribution: its mean after sharpening, more colourful where its hue is sure.

    p = softmax((logits - prior_weight * log_prior) / temperature). Temperature 1 and weight 0 give the least-squares
    answer; a lower temperature is the annealed mean of Zhang et al. (2016), equation 5; the prior's weight takes back
    the pull of common, dull colours. A mean is duller than what it is the mean of; the gain makes up for it where the
    likely colours agree on a hue (see `_agreement`), and leaves alone what is a mean of many hues.

    Args:
        logits: float, (N, K, H, W).
        bins: float, (K, 2).
        log_prior: float, (K,), logarithm of how often each bin occurs in photographs.
        reading: how.

    Returns:
        ab, float, (N, 2, H, W).

    """
    ab, agreement = expect(logits, bins, log_prior, reading)
    return ab * (1 + reading.gain * agreement)


def expect(logits: Tensor, bins: Tensor, log_prior: Tensor, reading: Reading) -> tuple[Tensor, Tensor]:
    """The mean colour of a sharpened distribution, (N, 2, H, W), and how far its colours agree, (N, 1, H, W), 0..1."""
    shifted = logits - reading.prior_weight * log_prior[:, None, None]
    probability = (shifted / reading.temperature).softmax(dim=1)
    moments = torch.einsum("nkhw,kc->nchw", probability, torch.cat((bins, bins.norm(dim=1, keepdim=True)), dim=1))
    ab, chroma = moments[:, :2], moments[:, 2:]
    return ab, _agreement(ab, chroma)


def _agreement(ab: Tensor, chroma: Tensor) -> Tensor:
    """The mean colour's chroma as a part of the mean chroma: 1 for one hue, 0 for all alike; smooth over space."""
    agreement = ab.norm(dim=1, keepdim=True) / chroma.clamp(min=1e-3)
    side = 2 * _SMOOTH + 1
    return functional.avg_pool2d(agreement, side, stride=1, padding=_SMOOTH, count_include_pad=False)
