"""Tests of colorizer/model/colorist.py."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorizer.errors import DeviceError
from colorizer.model import colorist as module
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist, shrink, working_extent
from colorizer.model.colour_model import ColourModel
from colorizer.model.decoding import LEAST_SQUARES
from colorizer.model.lab import Matrix
from colorizer.model.padding import pad
from colorizer.model.prediction import Prediction
from colorizer.model.predictor import Predictor
from colorizer.model.upright import Pose
from colorizer.model.weights import WeightsCard


class Red:
    """Another colour model: it has no network, and predicts the same red everywhere."""

    weights = "red"
    device = torch.device("cpu")
    stride = 8
    batch = 4

    def __init__(self, card: WeightsCard) -> None:
        self.card = card

    def predict(self, lightness: Tensor, *, mirrored: bool = False) -> Prediction:
        """Predict red."""
        del mirrored
        padded, padding = pad(lightness, self.stride)
        sides = padded.shape[-2] // 4, padded.shape[-1] // 4
        red = torch.tensor([40.0, 20.0]).view(1, 2, 1, 1).expand(len(padded), 2, *sides)
        return Prediction(red, None, padded, padding, group=1)

    def poses_of(self, lightness: Tensor, prediction: Prediction) -> list[Pose]:
        """Say of no picture that it lies on its side."""
        del prediction
        return [Pose()] * len(lightness)

    def common_pose(self, pictures: Sequence[Tensor]) -> Pose:
        """Say so of pictures that lie alike."""
        del pictures
        return Pose()


@pytest.fixture(scope="module")
def model(weights: Path) -> Predictor:
    """The network on the CPU."""
    return Predictor.load(weights, device="cpu")


def lumas(number: int, height: int = 48, width: int = 64) -> Tensor:
    """Random luma."""
    return torch.rand(number, 1, height, width, generator=torch.Generator().manual_seed(3))


def test_any_colour_model_can_stand_behind_it(model: Predictor) -> None:
    """A model that predicts red gives chroma of red, with the matrix that was asked for."""
    red: ColourModel = Red(model.card)
    fit = Colorist(red).fit(torch.full((5, 1, 13, 21), 0.5), Matrix.BT709)
    assert fit.offset.shape == (5, 2, 13, 21)
    assert (fit.offset[:, 1] > 0.1).all()
    upright, poses = Colorist(red).fit_upright(torch.full((5, 1, 13, 21), 0.5), Matrix.BT709)
    assert torch.equal(upright.offset, fit.offset)
    assert poses == [Pose()] * 5


def test_the_working_size_of_the_card_is_the_default(model: Predictor) -> None:
    """`auto` takes the card's 64; a number stands for itself; `native` keeps the size."""
    assert Colorist(model).extent(100, 200) == (64, 128)
    assert Colorist(model, 50).extent(100, 200) == (50, 100)
    assert Colorist(model, "native").extent(100, 200) == (100, 200)


def test_a_long_strip_is_kept_small() -> None:
    """It has as many pixels as four squares of the working size."""
    height, width = working_extent(100, 100_000, 64)
    assert height * width == pytest.approx(4 * 64 * 64, rel=0.15)


@pytest.mark.parametrize("size", [(40, 4), (4, 40), (40, 1), (1, 40)])
def test_a_single_line_is_shrunk_like_others(size: tuple[int, int]) -> None:
    """Breaks: torch repeats the first value along a single column."""
    ramp = torch.linspace(0, 1, 40)
    luma = (ramp[:, None] if size[0] == 40 else ramp).expand(1, 1, *size)
    small = shrink(luma, (10, 1) if size[0] == 40 else (1, 10)).flatten()
    assert (small - ramp.view(10, 4).mean(dim=1)).abs().max() < 0.02


def test_shrinking_keeps_the_mean() -> None:
    """Each new pixel is the mean over its area."""
    small = shrink(lumas(1, 64, 64), (8, 8))
    torch.testing.assert_close(small.mean(), lumas(1, 64, 64).mean(), atol=0.01, rtol=0)
    assert shrink(small, (8, 8)) is small


def test_the_decoding_decides_how_vivid_colours_are(model: Predictor) -> None:
    """That of the card is the default; tests of the decoding say what each does."""
    mean, usual, card = (
        Colorist(model, decoding=one).fit(lumas(1), Matrix.BT601)
        for one in (LEAST_SQUARES, None, model.card.decoding("auto"))
    )
    assert torch.equal(usual.offset, card.offset)
    assert not torch.equal(usual.offset, mean.offset)


@pytest.mark.parametrize("turns", [False, True])
def test_a_picture_that_was_asked_about_is_predicted_once(
    model: Predictor, monkeypatch: pytest.MonkeyPatch, *, turns: bool
) -> None:
    """Its colours are those that it has if nobody asks; another picture gets its own; nothing is kept then."""
    colorist = Colorist(model)
    one, other = lumas(2).split(1)

    def fitted(luma: Tensor) -> ChromaFit:
        if turns:
            return colorist.fit_upright(luma, Matrix.BT601)[0]
        return colorist.fit(luma, Matrix.BT601, mirrored=True)

    expected = [fitted(luma) for luma in (one, other)]
    predict, predicted = model.predict, []

    def counted(lightness: Tensor, *, mirrored: bool = False) -> Prediction:
        predicted.append(len(lightness))
        return predict(lightness, mirrored=mirrored)

    monkeypatch.setattr(model, "predict", counted)
    moments = colorist.expect(one)
    assert moments is not None
    assert moments.shape == (1, 5, 48, 64)
    found = [fitted(luma) for luma in (other, one)]
    assert predicted == [1, 1]
    assert all(torch.equal(fit.offset, wanted.offset) for fit, wanted in zip(found, expected[::-1], strict=True))
    fitted(one)
    assert predicted == [1, 1, 1]


def test_one_answer_says_nothing_of_what_is_expected(model: Predictor) -> None:
    """As from a model without a distribution."""
    assert Colorist(Red(model.card)).expect(lumas(1)) is None


def test_memory_that_runs_out_after_the_network_halves_the_batch(
    model: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fitting the chroma takes memory too: a device that fits one picture at a time still does all of them."""
    colorist, fit_chroma = Colorist(model), module.fit_chroma
    expected = colorist.fit(lumas(3), Matrix.BT601)

    def scarce(luma: Tensor, chroma: Tensor) -> ChromaFit:
        if len(luma) > 1:
            raise torch.OutOfMemoryError("scarce")
        return fit_chroma(luma, chroma)

    monkeypatch.setattr(module, "fit_chroma", scarce)
    found = colorist.fit(lumas(3), Matrix.BT601)
    torch.testing.assert_close(found.slope, expected.slope)
    torch.testing.assert_close(found.offset, expected.offset)


def test_memory_for_not_even_one_fit_is_an_error_for_people(model: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which setting to change."""

    def full(_luma: Tensor, _chroma: Tensor) -> ChromaFit:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(module, "fit_chroma", full)
    with pytest.raises(DeviceError, match="working_size"):
        Colorist(model).fit(lumas(1), Matrix.BT601)


def test_memory_for_not_even_one_question_is_such_an_error_too(
    model: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moments of a distribution take more memory than the network."""

    def full(_prediction: Prediction, _temperature: float) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(module, "expected_colour", full)
    with pytest.raises(DeviceError, match="working_size"):
        Colorist(model).expect(lumas(1))
