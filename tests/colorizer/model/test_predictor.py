"""Tests of colorizer/model/predictor.py."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from colorizer.errors import DeviceError
from colorizer.model.network import Architecture, Network
from colorizer.model.prediction import Prediction, read
from colorizer.model.predictor import Predictor
from colorizer.model.weights import WeightsCard, save_weights


@pytest.fixture(scope="module")
def predictor(weights: Path) -> Predictor:
    """The network on the CPU."""
    return Predictor.load(weights, device="cpu")


def pictures(number: int, height: int, width: int) -> Tensor:
    """Random lightness."""
    return torch.rand(number, 1, height, width, generator=torch.Generator().manual_seed(number)) * 100


def colours(predictor: Predictor, lightness: Tensor, *, mirrored: bool = False) -> Tensor:
    """The predicted colours at the default vividness."""
    return read(predictor.predict(lightness, mirrored=mirrored), predictor.card.decoding("auto"))


def test_a_prediction_is_a_distribution_at_a_quarter_of_the_padded_size(predictor: Predictor) -> None:
    """For each picture there are logits of the bins, at every fourth pixel of the padded picture."""
    prediction = predictor.predict(pictures(3, 33, 70))
    assert prediction.output.shape == (3, 260, 16, 24)
    assert prediction.bins is not None
    assert prediction.bins.shape == (260, 2)
    assert prediction.lightness.shape == (3, 1, 64, 96)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 70), (33, 31), (64, 96)])
def test_any_size_gets_its_colours(predictor: Predictor, height: int, width: int) -> None:
    """Every pixel has an answer, from 1 x 1 up."""
    ab = colours(predictor, pictures(1, height, width))
    assert ab.shape == (1, 2, height, width)
    assert ab.isfinite().all()
    assert ab.abs().max() <= 110


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3, 8])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 37)])
def test_a_picture_does_not_depend_on_its_batch_mates(
    predictor: Predictor, number: int, height: int, width: int, *, mirrored: bool
) -> None:
    """Bit for bit on a CPU, whatever else is in the batch, and wherever in it: both the prediction and its colours."""
    batch = pictures(8, height, width)[:number]
    together = predictor.predict(batch, mirrored=mirrored)
    for index in range(number):
        alone = predictor.predict(batch[index : index + 1], mirrored=mirrored)
        assert torch.equal(together.output[index], alone.output[0])
        assert torch.equal(_read(predictor, together)[index], _read(predictor, alone)[0])


def _read(predictor: Predictor, prediction: Prediction) -> Tensor:
    return read(prediction, predictor.card.decoding("auto"))


def test_a_mirrored_picture_gets_mirrored_colours(predictor: Predictor) -> None:
    """With its mirror image predicted too, the colours are the same for either."""
    picture = pictures(1, 64, 96)
    answer, mirrored = (colours(predictor, shown, mirrored=True) for shown in (picture, picture.flip(-1)))
    torch.testing.assert_close(mirrored.flip(-1), answer, atol=0.01, rtol=0)


def test_a_regression_head_predicts_ab(tmp_path: Path) -> None:
    """Its prediction has two channels and no bins."""
    network = Network(Architecture(head="regression", widths=(16, 16, 16)))
    path = tmp_path / "regression.safetensors"
    save_weights(path, network, WeightsCard(architecture=network.architecture, working_size=64))
    predictor = Predictor.load(path, device="cpu")
    prediction = predictor.predict(pictures(1, 32, 32))
    assert prediction.output.shape == (1, 2, 8, 8)
    assert prediction.bins is None
    assert colours(predictor, pictures(1, 32, 32)).shape == (1, 2, 32, 32)


@pytest.mark.parametrize("device", ["cuda:9", "toaster"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    """There is no silent fall-back; the message says what to use."""
    with pytest.raises(DeviceError, match="auto"):
        Predictor.load(weights, device=device)


def test_memory_that_runs_out_halves_the_batch(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that takes one picture at a time still predicts five, in order, and takes one at a time from then on."""
    run = Predictor._run_paired  # noqa: SLF001

    def scarce(self: Predictor, padded: Tensor) -> Tensor:
        if len(padded) > 1:
            raise torch.OutOfMemoryError("scarce")
        return run(self, padded)

    batch = pictures(5, 32, 32)
    expected = predictor.predict(batch)
    monkeypatch.setattr(Predictor, "_run_paired", scarce)
    assert torch.equal(predictor.predict(batch).output, expected.output)
    assert predictor.batch == 1
