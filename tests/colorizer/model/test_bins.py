"""Tests of colorizer/model/bins.py."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.model.bins import gamut_bins, soft_encode
from colorizer.model.decoding import LEAST_SQUARES, decode
from colorizer.model.lab import rgb_to_lab

BINS = gamut_bins()


def test_every_colour_of_srgb_has_its_bin() -> None:
    """No colour of sRGB lies further from its nearest bin than the corner of a cell."""
    ab = rgb_to_lab(torch.rand(3, 300, 300, generator=torch.Generator().manual_seed(0)))[1:].flatten(1).T
    nearest = torch.cdist(ab, BINS).amin(dim=1)
    assert nearest.max() < 10 / 2**0.5 + 1.5


@given(st.floats(-60, 60), st.floats(-60, 60))
def test_a_colour_survives_encoding_and_decoding(a: float, b: float) -> None:
    """The mean of a soft-encoded colour is that colour, to a fraction of the grid, where bins lie all around it."""
    if torch.cdist(torch.tensor([[a, b]]), BINS).sort().values[0, 3] > 11:
        return
    ab = torch.tensor([a, b]).reshape(1, 2, 1, 1)
    encoded = soft_encode(ab, BINS)
    assert float(encoded.sum()) == pytest.approx(1, abs=1e-5)
    decoded = decode(encoded.log(), BINS, LEAST_SQUARES)
    assert (decoded - ab).norm() < 4
