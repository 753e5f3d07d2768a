"""Tests of colorizer/model/colour_odds.py: what speaks for colour, alone and with what is expected."""

import pytest
import torch
from torch import Tensor

from colorizer.model.colour_odds import HEADS, load_colour_heads, maps_of, measure, odds, odds_with_expected
from colorizer.model.lab import rgb_to_lab
from colorizer.model.own_colour import cells, find_tint, own_colour
from tests.assets.tones import coloured


def measured(name: str, saturation: float) -> tuple[float, ...]:
    """A photograph of which each colour has lost part of its strength."""
    rgb = torch.from_numpy(coloured(name).copy()).permute(2, 0, 1) / 255
    grey = rgb.mean(dim=0, keepdim=True)
    lab = rgb_to_lab(grey + saturation * (rgb - grey))
    return measure(own_colour(lab, find_tint(lab)), cells(lab))


def test_the_more_colour_the_better_the_odds() -> None:
    """From nearly none to all."""
    found = [odds(measured("astronaut", saturation)) for saturation in (0.02, 0.1, 0.3, 1.0)]
    assert found == sorted(found)
    assert found[0] < 0 < found[-1]


SIZE = (32, 40)
"""Rows and columns of cells."""


def scene(seed: int, *, strength: float = 12.0) -> Tensor:
    """Objects of many colours beside each other, CIE Lab, (3, rows, columns)."""
    coarse = torch.randn(1, 3, 8, 10, generator=torch.Generator().manual_seed(seed))
    objects = torch.nn.functional.interpolate(coarse, size=SIZE, mode="nearest")[0]
    return objects * torch.tensor((15.0, strength, strength)).view(3, 1, 1) + torch.tensor((50.0, 0, 0)).view(3, 1, 1)


def moments(lab: Tensor, variance: float = 80.0) -> Tensor:
    """Of distributions around half of the colours of a picture."""
    a, b = lab[1:] / 2
    return torch.stack((a, b, a * a + variance, a * b, b * b + variance))


def odds_of(lab: Tensor, expected: Tensor) -> float:
    """The odds of a picture without surround."""
    own = own_colour(lab, find_tint(lab))
    return odds_with_expected(measure(own, lab), own, lab, expected)


@pytest.mark.parametrize("kept", [1.0, 0.3, 0.2])
def test_faded_colours_that_are_expected_are_colours(kept: float) -> None:
    """However much they have lost; they count more than without any expectation."""
    lab = scene(1)
    faded = torch.cat((lab[:1], kept * lab[1:]))
    assert odds_of(faded, moments(lab)) > 0


@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_noise_is_no_colour(strength: float) -> None:
    """Whatever is expected."""
    assert odds_of(scene(1, strength=strength), moments(scene(1))) < 0


def test_a_sepia_print_is_no_colour() -> None:
    """Its one hue follows its lightness, and is expected nowhere."""
    lab = scene(1)
    lab[1], lab[2] = 4 + lab[0] / 20, 10 + lab[0] / 8
    assert odds_of(lab, moments(scene(1))) < 0


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 3), (32, 400)])
def test_any_size_has_maps(size: tuple[int, int]) -> None:
    """A strip too."""
    assert maps_of(torch.zeros(2, *size), torch.zeros(3, *size), torch.zeros(5, *size)).shape == (13, 32, 32)


@torch.inference_mode()
def test_the_odds_are_the_mean_of_all_heads() -> None:
    """None decides alone."""
    heads, seen = load_colour_heads(), (torch.rand(2, 13, 32, 32), torch.rand(2, 9))
    found = torch.stack([head(*seen) for head in heads.heads])
    assert len(found) == HEADS
    assert found.std(dim=0).min() > 0
    assert torch.allclose(heads(*seen), found.mean(dim=0))


def test_the_maps_say_where_colours_are_those_expected() -> None:
    """The same hue speaks for colour, the opposite one against it, and a hue beside it for neither."""
    lab, (a, b) = scene(1), scene(1)[1:] / 2
    own = lab[1:]
    along, across, _ = maps_of(own, lab, moments(lab))[-3:]
    against = maps_of(-own, lab, moments(lab))[-3]
    beside = maps_of(torch.stack((-b, a)), lab, moments(lab))[-3]
    assert along.mean() > 1 > -1 > against.mean()
    assert beside.abs().mean() < 0.3 * along.mean()
    assert across.abs().mean() < 0.3 * along.mean()


@torch.inference_mode()
def test_an_odd_picture_has_no_odd_answer() -> None:
    """Numbers beyond all that the heads have learnt count as the farthest of those."""
    heads, maps = load_colour_heads(), torch.zeros(1, 13, 32, 32)
    far, farther = (heads(maps, torch.full((1, 9), number)) for number in (1e3, 1e6))
    assert torch.equal(far, farther)
