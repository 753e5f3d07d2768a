"""Tests of colorizer/model/expected_colour.py: what a network expects, as moments."""

import torch
from torch import Tensor

from colorizer.model.bins import gamut_bins, soft_encode
from colorizer.model.expected_colour import expected_colour
from colorizer.model.padding import pad
from colorizer.model.prediction import Prediction


def prediction(ab: Tensor, *, head: str = "distribution") -> Prediction:
    """What a network predicts that is sure of colours (1, 2, h / 4, w / 4), of a picture four times as large."""
    bins = gamut_bins()
    lightness, padding = pad(torch.full((1, 1, 4 * ab.shape[2], 4 * ab.shape[3]), 50.0), 4)
    if head == "regression":
        return Prediction(ab, None, lightness, padding, 1)
    return Prediction(soft_encode(ab, bins).clamp(min=1e-9).log(), bins, lightness, padding, 1)


def test_the_moments_are_those_of_the_distribution() -> None:
    """At the size of the picture; its mean is the colour of which the network is sure."""
    ab = torch.tensor([[20.0, -30.0], [10.0, 40.0]]).view(1, 2, 1, 2)
    found = expected_colour(prediction(ab), 1.0)
    assert found is not None
    assert found.shape == (1, 5, 4, 8)
    assert torch.allclose(found[0, :2, 0, [0, 7]], ab[0, :, 0], atol=0.5)
    variance = found[0, 2] - found[0, 0].square()
    assert variance.min() > 0


def test_one_answer_is_no_distribution() -> None:
    """A regression head says nothing of what else could be."""
    assert expected_colour(prediction(torch.zeros(1, 2, 2, 2), head="regression"), 1.0) is None
