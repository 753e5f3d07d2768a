"""Tests of training/measure/metrics.py."""

import numpy as np
import pytest
import skimage.color
import skimage.data
import torch

from colorizer.model.lab import rgb_to_lab
from training.measure.metrics import (
    area_under_errors,
    cast,
    colour_differences,
    colourfulness,
    hue_error,
    is_found,
    is_skin,
    measure,
    neutral_shares,
    squared_error,
)


def photograph() -> torch.Tensor:
    """A colour photograph, (3, H, W)."""
    return torch.from_numpy(skimage.data.astronaut()[:200, :200].copy()).permute(2, 0, 1).float() / 255


def test_the_truth_is_perfect() -> None:
    """The truth has no error, the whole area, and its own colourfulness."""
    found = measure(photograph(), photograph(), torch.ones(200, 200))
    assert (found.squared_error, found.ciede2000) == (0, 0)
    assert found.auc == found.auc_rebalanced == found.ssim == pytest.approx(1)
    assert found.skin == found.skin_found > 0.05


def test_grey_has_no_colour() -> None:
    """Grey has colourfulness 0 and no skin."""
    grey = photograph().mean(dim=0, keepdim=True).expand(3, -1, -1)
    found = measure(grey, photograph(), torch.ones(200, 200))
    assert found.colourfulness == pytest.approx(0, abs=1e-4)
    assert found.skin_found == found.coloured == 0


def test_the_error_is_the_papers() -> None:
    """25.5 units off in a and b is 0.1 off in both: 0.01."""
    ab = torch.zeros(2, 5, 5)
    assert squared_error(ab + 25.5, ab) == pytest.approx(0.01)


def test_colourfulness_is_that_of_the_paper() -> None:
    """The formula in numpy gives the same for a photograph."""
    red, green, blue = photograph().double().numpy() * 255
    rg, yb = red - green, (red + green) / 2 - blue
    expected = np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())
    assert colourfulness(photograph()) == pytest.approx(expected, rel=1e-4)


def test_colour_differences_are_those_of_scikit_image() -> None:
    """The same for each pixel."""
    other = photograph().flip(0)
    labs = [skimage.color.rgb2lab(rgb.permute(1, 2, 0).numpy()) for rgb in (photograph(), other)]
    expected = skimage.color.deltaE_ciede2000(*labs)
    assert np.abs(colour_differences(rgb_to_lab(photograph()), rgb_to_lab(other)) - expected).max() < 0.05


def test_the_area_falls_with_the_error() -> None:
    """Half of the largest error leaves half of the area, and a larger error none."""
    ab, ones = torch.zeros(2, 4, 4), torch.ones(4, 4)
    for error, area in ((0, 1), (75, 0.5), (150, 0), (300, 0)):
        off = torch.stack((torch.full((4, 4), float(error)), torch.zeros(4, 4)))
        assert area_under_errors(ab + off, ab, ones) == pytest.approx(area)


def pixels(*ab: tuple[float, float]) -> torch.Tensor:
    """Colours as a picture of one row, (2, 1, W)."""
    return torch.tensor(ab, dtype=torch.float32).T.reshape(2, 1, -1)


def test_skin_must_have_its_hue_and_half_its_chroma() -> None:
    """Grey, blue and green are not skin."""
    skin = pixels((20, 20))
    for ab, found in (((18, 18), True), ((12, 12), True), ((8, 8), False), ((-20, 20), False), ((0, 0), False)):
        assert is_found(pixels(ab), skin).item() == found
    assert is_skin(pixels((20, 20), (20, -20), (3, 3))).tolist() == [[True, False, False]]


def test_a_cast_has_a_sign() -> None:
    """What is everywhere too yellow is so on average; what is too red here and too green there has no cast."""
    assert cast(pixels((5, 8), (-5, 8)), pixels((0, 0), (0, 0))) == (0, 8)


def test_grey_that_gets_a_colour_is_counted() -> None:
    """Of three neutral pixels one comes out coloured; a coloured one may be as it likes."""
    found = neutral_shares(pixels((0, 0), (10, 0), (15, 0), (90, 0)), pixels((0, 0), (5, 0), (0, 5), (40, 0)))
    assert found == pytest.approx((0.75, 0.25))


def test_the_hue_goes_round() -> None:
    """170 and -170 degrees differ by 20; what is not selected does not count."""
    ab, truth = pixels((-98.5, 17.4), (0, 50)), pixels((-98.5, -17.4), (50, 0))
    assert hue_error(ab, truth, torch.tensor([[True, False]])) == pytest.approx(10, abs=0.1)
