"""Tests of colorizer/model/colour_odds.py: what speaks for colour."""

import torch

from colorizer.model.colour_odds import measure, odds, odds_with_expected
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


def test_colours_that_are_expected_better_the_odds() -> None:
    """Both by their information, and by their agreement."""
    pale = measured("chelsea", 0.3)
    assert odds_with_expected(pale, (0.0, 0.0)) < odds_with_expected(pale, (0.2, 0.0))
    assert odds_with_expected(pale, (0.0, 0.0)) < odds_with_expected(pale, (0.0, 0.5))
