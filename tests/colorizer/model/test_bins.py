"""Tests of colorizer/model/bins.py."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.model.bins import LEAST_SQUARES, Decoding, decode, gamut_bins, soft_encode
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


def test_a_lower_temperature_goes_to_the_likeliest_colour() -> None:
    """Sharpened, a distribution of two colours gives the likelier; at temperature 1, their mean."""
    logits = torch.full((1, len(BINS), 1, 1), -50.0)
    red, blue = (torch.tensor([50.0, 30.0]) == BINS).all(1), (torch.tensor([20.0, -60.0]) == BINS).all(1)
    logits[0, red], logits[0, blue] = 1.0, 0.0
    mean = decode(logits, BINS, LEAST_SQUARES).flatten()
    sharp = decode(logits, BINS, Decoding(temperature=0.05)).flatten()
    torch.testing.assert_close(sharp, torch.tensor([50.0, 30.0]), atol=0.1, rtol=0)
    assert mean[1] < sharp[1] - 10


REDS = torch.isin(BINS[:, 0], torch.tensor([10.0, 50.0])) & (BINS[:, 1] == 0)
OPPOSITES = (BINS[:, 0].abs() == 30) & (BINS[:, 1] == 0)


def picture_of(*likely: torch.Tensor) -> torch.Tensor:
    """Logits of a picture with columns of which each may have some colours, all alike."""
    columns = [torch.where(colours, 0.0, -50.0).reshape(1, -1, 1, 1).expand(-1, -1, 8, 8) for colours in likely]
    return torch.cat(columns, dim=3)


def test_the_gain_goes_where_the_hue_is_sure() -> None:
    """The mean of dull and vivid reds becomes redder; beside it, a mean of red and green stays what it is."""
    logits = picture_of(REDS, OPPOSITES)
    plain, rich = (decode(logits, BINS, Decoding(gain=gain)) for gain in (0.0, 0.5))
    assert (rich[..., 0].norm(dim=1) > 1.4 * plain[..., 0].norm(dim=1)).all()
    assert torch.allclose(rich[..., -1], plain[..., -1], atol=0.1)


def test_a_whole_gain_gives_back_the_chroma_that_is_expected() -> None:
    """The root of the mean square of 10 and 50; but a colour that is sure needs no gain."""
    whole = Decoding(gain=1.0)
    rich = decode(picture_of(REDS), BINS, whole)
    torch.testing.assert_close(rich.norm(dim=1).mean(), torch.tensor(1300.0).sqrt(), rtol=1e-3, atol=0)
    sure = picture_of((torch.tensor([50.0, 30.0]) == BINS).all(1))
    torch.testing.assert_close(decode(sure, BINS, whole), decode(sure, BINS, LEAST_SQUARES))


def test_a_sure_colour_does_not_glow_for_an_unsure_picture() -> None:
    """Beside what may be anything, it gains hardly more than it would alone."""
    sure = (torch.tensor([20.0, 30.0]) == BINS).all(1)
    beside = decode(picture_of(sure, *[OPPOSITES] * 9), BINS, Decoding(gain=1.0))
    alone = decode(picture_of(sure), BINS, Decoding(gain=1.0))
    assert beside[..., 0].norm(dim=1).max() < 1.31 * alone[..., 0].norm(dim=1).max()


def test_a_picture_has_the_same_gain_beside_another() -> None:
    """The reach is a picture's own."""
    one, other = picture_of(REDS, OPPOSITES), picture_of(OPPOSITES, REDS) * 0.1
    together = decode(torch.cat((one, other)), BINS, Decoding(gain=0.7))
    torch.testing.assert_close(together[:1], decode(one, BINS, Decoding(gain=0.7)))


def test_grey_stays_grey() -> None:
    """A picture that is surely grey has nothing to gain."""
    grey = picture_of((BINS == 0).all(1))
    assert decode(grey, BINS, Decoding(gain=1.0)).abs().max() < 1e-3
