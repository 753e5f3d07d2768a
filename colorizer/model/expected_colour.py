"""How well the colours of a picture go with those that the network expects of its luma.

Sky, grass and skin have the colours that their luma suggests, also where they have faded. A stain, silver mirrors, a
wash of light, a tint and noise have not.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.decoding import means_of
from colorizer.model.own_colour import about_median, find_tint, own_colour
from colorizer.model.padding import crop
from colorizer.model.prediction import Prediction

_CELL = 4
"""Side in pixels of a place of a prediction."""
_KEPT = (0.15, 0.3, 0.5, 0.75, 1.0)
"""Shares of their strength that colours may have kept; the most likely one counts."""
_NOISE = 1.0
"""Variance, in square ab units, that colours have beside what is expected of them."""
_MOST = 10.0
"""Greatest surprise at the colour of one cell."""
_MOST_CELLS = 0.8
"""Share of the cells that set the greatest strength of a colour for the correlation."""
_TINY = 1e-3


def expected_colour(prediction: Prediction, temperature: float) -> Tensor | None:
    """The moments of predicted distributions.

    Args:
        prediction: of N pictures of h x w.
        temperature: see `decoding.Decoding`.

    Returns:
        The means of a, b, a a, a b and b b, float32, (N, 5, h, w); None of a regression head, which has one answer.

    """
    if prediction.bins is None:
        return None
    a, b = prediction.bins.unbind(1)
    values = torch.stack((a, b, a * a, a * b, b * b), dim=1)
    moments = means_of(prediction.output, values, temperature)
    return crop(functional.interpolate(moments, scale_factor=float(_CELL), mode="nearest"), prediction.padding)


def likeness(lab: Tensor, own: Tensor, expected: Tensor) -> tuple[float, float]:
    """How well the colours of a picture go with what is expected of it.

    Args:
        lab: CIE Lab of its cells, (3, rows, columns).
        own: ab that they have without a tint, (2, rows, columns); see `own_colour`.
        expected: moments of the cells, (5, rows, columns); see `expected_colour`.

    Returns:
        The information of a cell, and the correlation of colours without a tint.

    """
    return _information(lab[1:], expected), _correlation(own, torch.cat((lab[:1], expected[:2])))


def _information(ab: Tensor, expected: Tensor) -> float:
    """Mean over the cells of how much likelier a colour is where it is than elsewhere in the picture, as a logarithm.

    Both likelihoods are Gaussian: of the distribution that is expected of the cell, and of that of the whole picture.
    All colours count from their median, so that a cast makes no difference.
    """
    own, mean = (about_median(colours).flatten(1).T for colours in (ab, expected[:2]))
    spread = _covariances(expected)
    whole = spread.mean(dim=0) + mean.T @ mean / len(mean)
    noise = _NOISE * torch.eye(2)
    gains = []
    for kept in _KEPT:
        anywhere = _surprise(own, (kept * kept * whole + noise)[None])
        here = _surprise(own - kept * mean, kept * kept * spread + noise)
        gains.append(float((anywhere - here).mean()))
    return max(gains)


def _correlation(own: Tensor, expected: Tensor) -> float:
    """Correlation, -1..1, of own colours (2, rows, columns) and those of the expected picture, CIE Lab.

    What the expected picture has in common with a tint is taken away too, so that a tint does not count.
    """
    one, other = _moderate(own), _moderate(own_colour(expected, find_tint(expected)))
    return float((one * other).sum() / (one.norm() * other.norm()).clamp(min=_TINY))


def _moderate(ab: Tensor) -> Tensor:
    """Colours (2, rows, columns) of which none is stronger than most are: no object outweighs the others."""
    strengths = ab.norm(dim=0)
    moderate: Tensor = ab * (strengths.quantile(_MOST_CELLS) / strengths.clamp(min=_TINY)).clamp(max=1)
    return moderate


def _covariances(expected: Tensor) -> Tensor:
    """The covariance of the distribution of each cell, (N, 2, 2)."""
    a, b, aa, ab, bb = expected.flatten(1)
    return torch.stack((aa - a * a, ab - a * b, ab - a * b, bb - b * b), dim=1).view(-1, 2, 2)


def _surprise(distance: Tensor, covariance: Tensor) -> Tensor:
    """Minus the logarithm of the Gaussian likelihood of each distance (N, 2), but for a constant, (N,)."""
    square = (distance[:, None] @ torch.linalg.inv(covariance) @ distance[:, :, None]).flatten()
    surprise: Tensor = ((square + torch.logdet(covariance)) / 2).clamp(max=_MOST)
    return surprise
