"""Tests of colorizer/model/lab.py."""

import numpy as np
import pytest
import skimage.color
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.model.lab import (
    Matrix,
    lab_to_rgb,
    lightness_of_luma,
    luma_of_rgb,
    rgb_to_lab,
    rgb_to_ycbcr,
    ycbcr_to_rgb,
)

colours = st.tuples(*[st.floats(0, 1, width=32)] * 3).map(lambda rgb: torch.tensor(rgb).reshape(3, 1, 1))
matrices = st.sampled_from(Matrix)


def random_colours(seed: int) -> torch.Tensor:
    """A picture of 100,000 random colours."""
    return torch.rand(3, 250, 400, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(3))
def test_lab_is_that_of_scikit_image(seed: int) -> None:
    """Random colours lie within 0.01 Lab units of scikit-image's float64."""
    rgb = random_colours(seed)
    reference = skimage.color.rgb2lab(rgb.permute(1, 2, 0).double().numpy())
    assert np.abs(rgb_to_lab(rgb).permute(1, 2, 0).numpy() - reference).max() < 0.01


def test_rgb_is_that_of_scikit_image() -> None:
    """The inverse agrees with scikit-image too."""
    lab = rgb_to_lab(random_colours(5))
    reference = skimage.color.lab2rgb(lab.permute(1, 2, 0).double().numpy())
    assert np.abs(lab_to_rgb(lab).permute(1, 2, 0).numpy() - reference).max() < 1e-4


@given(colours)
def test_lab_and_back(rgb: torch.Tensor) -> None:
    """Conversion to Lab and back keeps a colour."""
    torch.testing.assert_close(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=2e-5, rtol=0)


@given(colours, matrices)
def test_ycbcr_and_back(rgb: torch.Tensor, matrix: Matrix) -> None:
    """Conversion to Y'CbCr and back keeps a colour, and the luma is that of the standard."""
    ycbcr = rgb_to_ycbcr(rgb, matrix)
    torch.testing.assert_close(ycbcr_to_rgb(ycbcr, matrix), rgb, atol=1e-6, rtol=0)
    torch.testing.assert_close(ycbcr[:1], luma_of_rgb(rgb, matrix))


@pytest.mark.parametrize(
    ("matrix", "rgb", "ycbcr"),
    [
        (Matrix.BT601, (1, 0, 0), (0.299, -0.168736, 0.5)),
        (Matrix.BT601, (0, 0, 1), (0.114, 0.5, -0.081312)),
        (Matrix.BT709, (1, 0, 0), (0.2126, -0.114572, 0.5)),
        (Matrix.BT709, (0, 1, 0), (0.7152, -0.385428, -0.454153)),
    ],
)
def test_primaries_are_those_of_the_standards(matrix: Matrix, rgb: tuple[int, ...], ycbcr: tuple[float, ...]) -> None:
    """Primaries have the values of BT.601 and BT.709."""
    converted = rgb_to_ycbcr(torch.tensor(rgb, dtype=torch.float32).reshape(3, 1, 1), matrix)
    torch.testing.assert_close(converted.flatten(), torch.tensor(ycbcr), atol=1e-5, rtol=0)


def test_grey_has_no_colour() -> None:
    """Every grey has a = b = 0, and its L is the one of its luma."""
    luma = torch.linspace(0, 1, 256).reshape(1, 16, 16)
    lab = rgb_to_lab(luma.expand(3, -1, -1))
    assert lab[1:].abs().max() < 1e-4
    torch.testing.assert_close(lab[:1], lightness_of_luma(luma), atol=1e-4, rtol=0)
