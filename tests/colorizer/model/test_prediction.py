"""Tests of colorizer/model/prediction.py."""

from dataclasses import replace

import pytest
import torch

from colorizer.model.bins import gamut_bins
from colorizer.model.decoding import LEAST_SQUARES, Decoding
from colorizer.model.padding import pad
from colorizer.model.prediction import Prediction, read

BINS = gamut_bins()


def predicted(number: int, height: int, width: int, *, group: int) -> Prediction:
    """Random logits for random pictures."""
    generator = torch.Generator().manual_seed(height)
    padded, padding = pad(torch.rand(number, 1, height, width, generator=generator) * 100, 32)
    sides = padded.shape[-2] // 4, padded.shape[-1] // 4
    logits = torch.randn(number, len(BINS), *sides, generator=generator)
    return Prediction(logits.contiguous(memory_format=torch.channels_last), BINS, padded, padding, group)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (33, 47), (64, 96)])
def test_colours_have_the_size_of_the_pictures(height: int, width: int) -> None:
    """The padding is cropped, and every pixel has a colour of the gamut."""
    ab = read(predicted(3, height, width, group=2), Decoding(vividness=0.5, spread=10))
    assert ab.shape == (3, 2, height, width)
    assert ab.isfinite().all()
    assert ab.abs().max() <= 110


@pytest.mark.parametrize("group", [1, 2])
def test_a_picture_is_read_alike_in_any_company(group: int) -> None:
    """Bit for bit on a CPU, in groups of a fixed size, the last one included."""
    whole = predicted(5, 50, 37, group=group)
    together = read(whole, Decoding(1.1, 0.6))
    for index in range(5):
        part = slice(index, index + 1)
        alone = replace(whole, output=whole.output[part], lightness=whole.lightness[part])
        assert torch.equal(read(alone, Decoding(1.1, 0.6))[0], together[index])


def test_a_prediction_can_be_read_in_several_ways() -> None:
    """One prediction, in which each place has one hue that is likely, gives the mean and something more colourful."""
    random = predicted(1, 64, 64, group=1)
    prediction = replace(random, output=8 * random.output)
    mean, vivid = (
        read(prediction, decoding).norm(dim=1).mean() for decoding in (LEAST_SQUARES, Decoding(vividness=1, spread=10))
    )
    assert vivid > 1.1 * mean


def test_ab_is_read_as_it_is() -> None:
    """A regression head predicts ab: even ab stays the same."""
    prediction = replace(predicted(1, 64, 64, group=1), output=torch.full((1, 2, 16, 16), 30.0), bins=None)
    torch.testing.assert_close(read(prediction, Decoding(vividness=1, spread=10)), torch.full((1, 2, 64, 64), 30.0))
