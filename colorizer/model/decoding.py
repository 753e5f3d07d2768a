"""Reading a distribution over the ab bins as colours, from the mean to vivid ones."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import torch
from torch import Tensor

_NEUTRAL = 11.0
"""Chroma under which a bin counts as neutral."""
_SKIN_HUES, _SKIN_CHROMA = (15.0, 75.0), (11.0, 45.0)
"""Hues in degrees, and chroma, of the bins that count as skin; wood, sand and stone have such colours too."""
_UNLIKE_SKIN, _SKIN = 0.13, 0.7
"""Probability of these bins up to which a place is read without them, and from which it is read from them alone."""
_SKIN_GAIN = 1.1
"""Factor by which skin has more chroma than its expectation, whose hues cancel each other a little."""
_ORDERS = 4
"""Terms of the Fourier series of the weight that tells which hues are near: it is one half at 47 degrees."""
_INVENTED, _AGREED = 0.4, 0.55
"""Share of the expected chroma that lies near the hue of the mean: up to the first, that hue is hardly ever the true
one, and from the second, a larger share makes it no likelier."""
_LARGEST_FACTOR = 5.2
"""Largest factor by which chroma moves away from the picture's mean, and by which it grows."""
_LIKELY_FACTOR = 1.8
"""Largest factor by which a colour of sure hue has more chroma than is expected of it."""
_UNSURE_POWER = 3
"""A greater power leaves more chroma to colours of less sure hue."""
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
    chroma = bins.norm(dim=1, keepdim=True)
    skin = _is_skin(bins).to(bins)
    values = torch.cat((bins, (chroma < _NEUTRAL).to(bins), chroma, skin, skin * bins, hue_moments(bins)), dim=1)
    means = means_of(logits, values, decoding.temperature)
    mean = means[:, :2]
    if not decoding.vividness:
        return mean
    neutrality, expected, likely_skin, of_skin, moments = means[:, 2:].split((1, 1, 1, 2, 2 * _ORDERS), dim=1)
    coloured = (1 - neutrality) * _trust_hue(hue_agreement(mean, expected, moments))
    vivid = colour_skin(make_vivid(mean, coloured, expected, decoding.spread), likely_skin, of_skin)
    shown: Tensor = mean.lerp(vivid, decoding.vividness)
    return shown


def _is_skin(bins: Tensor) -> Tensor:
    """Whether each bin (K, 2) counts as skin, (K, 1)."""
    hue, chroma = torch.atan2(bins[:, 1:], bins[:, :1]).rad2deg(), bins.norm(dim=1, keepdim=True)
    return _lies_in(hue, _SKIN_HUES) & _lies_in(chroma, _SKIN_CHROMA)


def _lies_in(values: Tensor, limits: tuple[float, float]) -> Tensor:
    return values.gt(limits[0]) & values.lt(limits[1])


def means_of(logits: Tensor, values: Tensor, temperature: float) -> Tensor:
    """The means of some values of the bins.

    Args:
        logits: see `decode`.
        values: of each bin, float, (K, C).
        temperature: see `Decoding`.

    Returns:
        The means, float, (N, C, H, W).

    """
    # The bins come last, as they lie in memory after a network with `channels_last`: that takes half the time.
    probability = (logits.permute(0, 2, 3, 1) / temperature).softmax(dim=-1)
    means: Tensor = (probability @ values).permute(0, 3, 1, 2)
    return means


def hue_moments(bins: Tensor) -> Tensor:
    """Chroma times the cosines, then the sines, of the multiples of the hue of each bin (K, 2), (K, 2 * _ORDERS)."""
    angles = _multiples(torch.atan2(bins[:, 1:], bins[:, :1]))
    moments: Tensor = bins.norm(dim=1, keepdim=True) * torch.cat((angles.cos(), angles.sin()), dim=1)
    return moments


def _multiples(hue: Tensor) -> Tensor:
    """The first multiples of a hue (N, 1, ...), (N, _ORDERS, ...)."""
    return torch.cat([order * hue for order in range(1, _ORDERS + 1)], dim=1)


def hue_agreement(mean: Tensor, expected: Tensor, moments: Tensor) -> Tensor:
    """How much of the chroma that is expected of each place has a hue near that of its mean colour.

    The mean of two hues is a third one, which is often neither: dark clothes that are blue or red would be purple.
    A hue at the angle d from that of the mean counts ((1 + cos d) / 2) ** _ORDERS; this is a Fourier series in d.

    Args:
        mean: mean colours, ab, (N, 2, H, W).
        expected: mean of the chroma, (N, 1, H, W).
        moments: means of what `hue_moments` returns, (N, 2 * _ORDERS, H, W).

    Returns:
        The share, 0..1, (N, 1, H, W): 0.27 if all hues are as likely, 1 if all chroma has one hue.

    """
    angles = _multiples(torch.atan2(mean[:, 1:], mean[:, :1]))
    weights = mean.new_tensor([2 * comb(2 * _ORDERS, _ORDERS - order) for order in range(1, _ORDERS + 1)])
    cosines, sines = moments.chunk(2, dim=1)
    near = (weights[:, None, None] * (cosines * angles.cos() + sines * angles.sin())).sum(dim=1, keepdim=True)
    all_hues = comb(2 * _ORDERS, _ORDERS) * expected
    share: Tensor = (all_hues + near) / (4**_ORDERS * expected.clamp(min=_LEAST))
    return share


def _trust_hue(agreement: Tensor) -> Tensor:
    """The part of its vivid colour that a place gets, by the agreement on its hue."""
    return ((agreement - _INVENTED) / (_AGREED - _INVENTED)).clamp(0, 1)


def make_vivid(ab: Tensor, coloured: Tensor, expected: Tensor, spread: float) -> Tensor:
    """Make mean colours as colourful as photographs are.

    A mean is duller than the colours that it is the mean of. Each place keeps the hue of its mean; its chroma moves
    away from that of the picture's mean colour along this hue, and not below 0. So what has the colour of the whole
    picture stays as it is, and nothing gets its complement: the picture gets no cast. Of all answers of one standard
    deviation, moving away by one factor has the least squared error, and of all ways to share the deviation out to
    pictures, an equal amount for each. What is probably neutral becomes neutral, and so does what has a hue that is
    probably not its own. The surer a hue is, the less may its chroma exceed what is expected there: lawns and skies
    would glow otherwise.

    Args:
        ab: mean colours, (N, 2, H, W).
        coloured: how much of its vivid colour each place gets, 0..1, (N, 1, H, W).
        expected: mean of the chroma that each place may have, (N, 1, H, W); the chroma of its mean colour is as great
            where the hue is sure, and less where it is not.
        spread: what is added to the standard deviation of a picture along the hues, in ab units.

    Returns:
        ab, (N, 2, H, W).

    """
    chroma = ab.norm(dim=1, keepdim=True)
    hue = ab / chroma.clamp(min=_LEAST)
    away = chroma - (hue * ab.mean(dim=(2, 3), keepdim=True)).sum(dim=1, keepdim=True)
    deviation = (coloured * away).square().mean(dim=(2, 3), keepdim=True).sqrt().clamp(min=_LEAST)
    factor = (1 + spread / deviation).clamp(max=_LARGEST_FACTOR)
    vivid = chroma + (factor - 1) * away
    likely = _LIKELY_FACTOR * expected * (expected / chroma.clamp(min=_LEAST)) ** _UNSURE_POWER
    largest = likely.minimum(_LARGEST_FACTOR * chroma)
    shown: Tensor = coloured * hue * vivid.clamp(min=0).minimum(largest)
    return shown


def colour_skin(ab: Tensor, likely: Tensor, of_skin: Tensor) -> Tensor:
    """Give a place the colour that skin would have there, the more the likelier skin is.

    The network knows the colour of a face well: what it expects is neither too pale nor too strong, and a factor for
    the whole picture makes it glow. Where skin is one of several answers, the mean is greyer than skin and has another
    hue.

    Args:
        ab: colours, (N, 2, H, W).
        likely: probability of the bins of skin, (N, 1, H, W).
        of_skin: mean of the bins, with those that are not skin's as 0, (N, 2, H, W).

    Returns:
        ab, (N, 2, H, W).

    """
    share = ((likely - _UNLIKE_SKIN) / (_SKIN - _UNLIKE_SKIN)).clamp(0, 1)
    shown: Tensor = ab.lerp(_SKIN_GAIN * of_skin / likely.clamp(min=_LEAST), share)
    return shown
