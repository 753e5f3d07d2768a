"""Reading a distribution over the ab bins as colours, from the mean to vivid ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

_NEUTRAL = 11.0
"""Chroma under which a bin counts as neutral."""
_NEUTRAL_POWER = 1.5
"""A lower power takes colour from what is less surely neutral too."""
_LARGEST_FACTOR = 4.2
"""Largest factor by which chroma moves away from the picture's mean, and by which it grows."""
_LEAST = 1e-3
"""Smallest standard deviation, so that nothing is divided by zero."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How a distribution is read as a colour."""

    temperature: float = 1.0
    """Above 0. At 1 the mean is the least-squares answer of the network."""
    vividness: float = 0.0
    """0 for the mean colours, 1 for the vivid ones; between the two, colours are blended."""
    spread: float = 0.0
    """Standard deviation, in ab units, that the vivid colours of a picture have more than its mean colours."""


LEAST_SQUARES = Decoding()
"""The mean of the distribution as it is."""


def decode(logits: Tensor, bins: Tensor, decoding: Decoding) -> Tensor:
    """Read colours out of a distribution; p = softmax(logits / temperature).

    Args:
        logits: float, (N, K, H, W).
        bins: float, (K, 2).
        decoding: the way of reading.

    Returns:
        ab, float, (N, 2, H, W).

    """
    probability = (logits / decoding.temperature).softmax(dim=1)
    neutral = (bins.norm(dim=1, keepdim=True) < _NEUTRAL).to(bins)
    values = torch.cat((bins, neutral), dim=1).T
    expected: Tensor = (values @ probability.flatten(2)).unflatten(2, probability.shape[2:])
    mean, neutrality = expected[:, :2], expected[:, 2:]
    if not decoding.vividness:
        return mean
    return mean.lerp(make_vivid(mean, neutrality, decoding.spread), decoding.vividness)


def make_vivid(ab: Tensor, neutrality: Tensor, spread: float) -> Tensor:
    """Make mean colours as colourful as photographs are.

    A mean is duller than the colours that it is the mean of. Each place keeps the hue of its mean; its chroma moves
    away from that of the picture's mean colour along this hue, and not below 0. So what has the colour of the whole
    picture stays as it is, and nothing gets its complement: the picture gets no cast. Of all answers of one standard
    deviation, moving away by one factor has the least squared error, and of all ways to share the deviation out to
    pictures, an equal amount for each. What is probably neutral becomes neutral.

    Args:
        ab: mean colours, (N, 2, H, W).
        neutrality: probability that a place is neutral, (N, 1, H, W).
        spread: what is added to the standard deviation of a picture along the hues, in ab units.

    Returns:
        ab, (N, 2, H, W).

    """
    chroma = ab.norm(dim=1, keepdim=True)
    hue = ab / chroma.clamp(min=_LEAST)
    away = chroma - (hue * ab.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True)
    deviation = away.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp(min=_LEAST)
    factor = (1 + spread / deviation).clamp(max=_LARGEST_FACTOR)
    vivid = chroma + (factor - 1) * away
    shown: Tensor = (1 - neutrality**_NEUTRAL_POWER) * hue * vivid.clamp(min=0).minimum(_LARGEST_FACTOR * chroma)
    return shown
