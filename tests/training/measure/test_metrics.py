"""Tests of training/measure/metrics.py."""

import numpy as np
import pytest
import skimage.color
import skimage.data
import torch

from colorizer.model.lab import rgb_to_lab
from training.measure.metrics import (
    area_under_errors,
    colour_differences,
    colourfulness,
    measure,
    skin_shares,
    squared_error,
)


def photograph() -> torch.Tensor:
    """A colour photograph, (3, H, W)."""
    return torch.from_numpy(skimage.data.astronaut()[:200, :200].copy()).permute(2, 0, 1).float() / 255


def test_the_truth_is_perfect() -> None:
    """No error, all of the area, its own colourfulness."""
    found = measure(photograph(), photograph(), torch.ones(200, 200))
    assert (found.squared_error, found.ciede2000) == (0, 0)
    assert found.auc == found.auc_rebalanced == found.ssim == pytest.approx(1)
    assert found.skin == found.skin_found > 0.05


def test_grey_has_no_colour() -> None:
    """Colourfulness 0, no skin."""
    grey = photograph().mean(dim=0, keepdim=True).expand(3, -1, -1)
    found = measure(grey, photograph(), torch.ones(200, 200))
    assert found.colourfulness == pytest.approx(0, abs=1e-4)
    assert found.skin_found == found.coloured == 0


def test_the_error_is_the_papers() -> None:
    """25.5 units off in a and b is 0.1 off in both: 0.01."""
    ab = torch.zeros(2, 5, 5)
    assert squared_error(ab + 25.5, ab) == pytest.approx(0.01)


def test_colourfulness_is_that_of_the_paper() -> None:
    """By the formula in numpy, on a photograph."""
    red, green, blue = photograph().double().numpy() * 255
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colourfulness(photograph()) == pytest.approx(expected, rel=1e-4)


def test_colour_differences_are_those_of_scikit_image() -> None:
    """CIEDE2000 of every pixel."""
    other = photograph().flip(0)
    labs = [skimage.color.rgb2lab(rgb.permute(1, 2, 0).numpy()) for rgb in (photograph(), other)]
    expected = skimage.color.deltaE_ciede2000(*labs)
    assert np.abs(colour_differences(rgb_to_lab(photograph()), rgb_to_lab(other)) - expected).max() < 0.05


def test_the_area_falls_with_the_error() -> None:
    """Half of the largest error leaves half of the area; beyond it none."""
    ab, ones = torch.zeros(2, 4, 4), torch.ones(4, 4)
    for error, area in ((0, 1), (75, 0.5), (150, 0), (300, 0)):
        off = torch.stack((torch.full((4, 4), float(error)), torch.zeros(4, 4)))
        assert area_under_errors(ab + off, ab, ones) == pytest.approx(area)


def test_skin_must_have_its_hue_and_half_its_chroma() -> None:
    """Grey, blue and green are not skin."""
    skin = torch.tensor([20.0, 20.0]).reshape(2, 1, 1)
    for ab, found in (((18, 18), 1), ((12, 12), 1), ((8, 8), 0), ((-20, 20), 0), ((0, 0), 0), ((20, -20), 0)):
        assert skin_shares(torch.tensor(ab, dtype=torch.float32).reshape(2, 1, 1), skin) == (1, found)
    assert skin_shares(skin, rgb_to_lab(torch.tensor([0.2, 0.4, 0.9]).reshape(3, 1, 1))[1:])[0] == 0
