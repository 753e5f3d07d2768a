"""The colours that a network expects of the luma of a picture, with which `colour_odds` compares its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.decoding import means_of
from colorizer.model.padding import crop
from colorizer.model.prediction import Prediction

_CELL = 4
"""Side in pixels of a place of a prediction."""


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
