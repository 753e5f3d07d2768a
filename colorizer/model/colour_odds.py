"""The odds that a picture is in colour: numbers that are measured in it, and two logistic regressions on them.

The first one knows the picture alone. The second one also knows how well the colours go with what the network expects.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from colorizer.model.own_colour import about_median, local_deviations

_MANY, _MOST = 0.8, 0.95
"""Shares of the cells whose colour counts; the strongest may be an object, a stain or ink."""
_USUAL_PLACE = 0.3
"""Quantile of the neighbourhoods: most of a picture in colour has colours that place and lightness do not explain."""
_LEAST = 0.03
"""Ab units that are added to each deviation, so that its logarithm exists."""
# Both are fitted to the tuning half of benchmarks/colour_verdicts.py; there, doubtful ones are grey.
_ALONE = (6.9, -1.8, 4.3, 3.3, -3.2, -2.7, 1.4, 3.2, 6.2)
"""Weights of what `measure` returns."""
_BIAS_ALONE = -2.4
_WITH_EXPECTED = (5.4, -1.2, 3.5, 3.0, -1.8, -3.5, 0.6, 3.2, 4.9, 3.2, 6.2)
"""Weights of that, and of both numbers of `expected_colour.likeness`."""
_BIAS_WITH_EXPECTED = 0.15
_TINY = 1e-3


def measure(own: Tensor, lab: Tensor) -> tuple[float, ...]:
    """What speaks for colour.

    Args:
        own: own colour of the cells of a picture, ab, (2, rows, columns).
        lab: the cells as they are, CIE Lab, (3, rows, columns).

    Returns:
        Logarithms of deviations from grey, in ab units: of most own colours, of most colours and of all colours from
        their median, each along the hue that has least and along that of most; then of all colours along the hue of
        most, and of what place and lightness do not explain. The last number says how far edges are shared.

    """
    without_cast = about_median(lab[1:])
    deviations = (
        *_deviations(_usual(own, _MANY)),
        *_deviations(_usual(without_cast, _MOST)),
        *_deviations(without_cast.flatten(1)),
        _deviations(lab[1:].flatten(1))[1],
        float(local_deviations(lab[1:], lab[:1]).quantile(_USUAL_PLACE)),
    )
    return *(log(deviation + _LEAST) for deviation in deviations), _shared_edges(own, lab[:1])


def odds(measured: tuple[float, ...]) -> float:
    """Logarithm of the odds that a picture is in colour, by what was measured in it."""
    return _BIAS_ALONE + sum(weight * number for weight, number in zip(_ALONE, measured, strict=True))


def odds_with_expected(measured: tuple[float, ...], likeness: tuple[float, float]) -> float:
    """The same, by what the network expects too (see `expected_colour.likeness`)."""
    both = zip(_WITH_EXPECTED, (*measured, *likeness), strict=True)
    return _BIAS_WITH_EXPECTED + sum(weight * number for weight, number in both)


def _usual(colours: Tensor, share: float) -> Tensor:
    """The colours (2, N) of a share of the cells (2, rows, columns): all but the strongest."""
    sizes = colours.norm(dim=0)
    return colours[:, sizes <= sizes.quantile(share)]


def _deviations(ab: Tensor) -> tuple[float, float]:
    """Standard deviations from grey of colours (2, N): along the hue that they have least, and along that of most."""
    squares = torch.linalg.eigvalsh(ab @ ab.T / max(1, ab.shape[1])).clamp(min=0)
    least, most = squares.sqrt().tolist()
    return least, most


def _shared_edges(colour: Tensor, lightness: Tensor) -> float:
    """How far colour changes where lightness does: 1 if they are independent."""
    colours, lights = _changes(colour), _changes(lightness)
    return float((colours * lights).mean() / (colours.mean() * lights.mean() + _TINY)) if colours.numel() else 0.0


def _changes(planes: Tensor) -> Tensor:
    """Length of the gradient of planes (C, h, w), (h - 1, w - 1)."""
    down = planes[:, 1:, 1:] - planes[:, :-1, 1:]
    across = planes[:, 1:, 1:] - planes[:, 1:, :-1]
    return (down.square().sum(dim=0) + across.square().sum(dim=0)).sqrt()
