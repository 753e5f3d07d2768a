"""Tests of colorizer/model/expected_colour.py: colours that go with what the network expects, and others."""

import pytest
import torch
from torch import Tensor

from colorizer.model.bins import gamut_bins, soft_encode
from colorizer.model.expected_colour import expected_colour, likeness
from colorizer.model.own_colour import find_tint, own_colour
from colorizer.model.padding import pad
from colorizer.model.prediction import Prediction

SIZE = (32, 40)
"""Rows and columns of cells."""


def prediction(ab: Tensor, *, head: str = "distribution") -> Prediction:
    """What a network predicts that is sure of colours (1, 2, h / 4, w / 4), of a picture four times as large."""
    bins = gamut_bins()
    lightness, padding = pad(torch.full((1, 1, 4 * ab.shape[2], 4 * ab.shape[3]), 50.0), 4)
    if head == "regression":
        return Prediction(ab, None, lightness, padding, 1)
    return Prediction(soft_encode(ab, bins).clamp(min=1e-9).log(), bins, lightness, padding, 1)


def patches(seed: int) -> Tensor:
    """Objects of many colours beside each other, ab, (2, rows, columns)."""
    coarse = 15 * torch.randn(1, 2, 8, 10, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=SIZE, mode="nearest")[0]


def moments(mean: Tensor, variance: float = 50.0) -> Tensor:
    """Of distributions around mean colours."""
    a, b = mean
    return torch.stack((a, b, a * a + variance, a * b, b * b + variance))


LIGHTNESS = 50 + 20 * torch.randn(1, *SIZE, generator=torch.Generator().manual_seed(9))


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


def found(ab: Tensor, expected: Tensor) -> tuple[float, float]:
    """The likeness of the colours of a picture without drift."""
    lab = torch.cat((LIGHTNESS, ab))
    return likeness(lab, own_colour(lab, find_tint(lab)), expected)


@pytest.mark.parametrize("kept", [1.0, 0.4, 0.2])
def test_faded_colours_under_a_cast_go_with_what_is_expected(kept: float) -> None:
    """However much they have lost, and whatever lies over all of the picture."""
    colours, cast = patches(1), torch.tensor([5.0, 12.0]).view(2, 1, 1)
    information, correlation = found(kept * colours + cast, moments(colours))
    assert information > 0.1
    assert correlation > 0.8


def test_other_colours_do_not() -> None:
    """A wash, and colours of other objects, say nothing of these."""
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE[0]), torch.linspace(0, 1, SIZE[1]), indexing="ij")
    for other in (patches(2), torch.stack((20 * x * y, -30 * x)), torch.zeros(2, *SIZE)):
        information, correlation = found(other, moments(patches(1)))
        assert information < 0.05
        assert correlation < 0.3


def test_a_network_that_expects_the_same_everywhere_tells_nothing() -> None:
    """One of another kind of pictures, for instance."""
    information, correlation = found(patches(1), moments(torch.full((2, *SIZE), 7.0)))
    assert abs(information) < 1e-4
    assert abs(correlation) < 0.2


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3)])
def test_any_size_has_an_answer(size: tuple[int, int]) -> None:
    """A strip too."""
    plain = torch.zeros(2, *size)
    assert likeness(torch.zeros(3, *size), plain, moments(plain)) == pytest.approx((0, 0), abs=1e-4)
