"""Tests of colorizer/model/predictor.py."""

from pathlib import Path

import pytest
import torch

from colorizer.errors import DeviceError, SettingsError
from colorizer.model.network import Architecture, Network
from colorizer.model.predictor import Predictor
from colorizer.model.weights import WeightsCard, save_weights


@pytest.fixture(scope="module")
def predictor(weights: Path) -> Predictor:
    """On the CPU."""
    return Predictor(weights, device="cpu")


def pictures(number: int, height: int, width: int) -> torch.Tensor:
    """Random lightness."""
    return torch.rand(number, 1, height, width, generator=torch.Generator().manual_seed(number)) * 100


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 70), (33, 31), (64, 96)])
def test_any_size_gets_its_colours(predictor: Predictor, height: int, width: int) -> None:
    """Every pixel has an answer, from 1 x 1 up."""
    ab = predictor.predict(pictures(1, height, width))
    assert ab.shape == (1, 2, height, width)
    assert ab.isfinite().all()
    assert ab.abs().max() <= 110


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3, 8])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (50, 37)])
def test_a_picture_does_not_depend_on_its_batch_mates(
    predictor: Predictor, number: int, height: int, width: int, *, mirrored: bool
) -> None:
    """Bit for bit on a CPU, whatever else is in the batch, and wherever in it."""
    batch = pictures(8, height, width)[:number]
    together = predictor.predict(batch, mirrored=mirrored)
    for index in range(number):
        assert torch.equal(together[index], predictor.predict(batch[index : index + 1], mirrored=mirrored)[0])


def test_a_mirrored_picture_gets_mirrored_colours(predictor: Predictor) -> None:
    """Asked about both, the answer is the same for either."""
    picture = pictures(1, 64, 96)
    answer, mirrored = (predictor.predict(shown, mirrored=True) for shown in (picture, picture.flip(-1)))
    torch.testing.assert_close(mirrored.flip(-1), answer, atol=0.01, rtol=0)


def test_vividness_sharpens(weights: Path) -> None:
    """More vividness, more colour; without it, the mean."""
    lightness = pictures(1, 64, 64)
    chroma = [
        float(Predictor(weights, device="cpu", vividness=value).predict(lightness).norm(dim=1).mean())
        for value in (0.0, 0.5, 1.0)
    ]
    assert chroma == sorted(chroma)
    assert chroma[2] > 1.1 * chroma[0]


def test_regression_weights_have_one_answer(tmp_path: Path) -> None:
    """They colour, and refuse a vividness with the reason."""
    network = Network(Architecture(head="regression", widths=(16, 16, 16)))
    path = tmp_path / "regression.safetensors"
    save_weights(path, network, WeightsCard(architecture=network.architecture, working_size=64))
    assert Predictor(path, device="cpu").predict(pictures(1, 32, 32)).shape == (1, 2, 32, 32)
    with pytest.raises(SettingsError, match="one answer"):
        Predictor(path, device="cpu", vividness=0.3)


@pytest.mark.parametrize("device", ["cuda:9", "toaster"])
def test_a_device_that_is_not_there_is_refused(weights: Path, device: str) -> None:
    """Never a silent fall-back: the message says what to use."""
    with pytest.raises(DeviceError, match="auto"):
        Predictor(weights, device=device)


def test_memory_that_runs_out_halves_the_batch(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that takes one picture at a time still colours five, each once, in order."""
    roomy = Predictor._predict  # noqa: SLF001
    sizes: list[int] = []

    def scarce(self: Predictor, lightness: torch.Tensor, **options: bool) -> torch.Tensor:
        sizes.append(len(lightness))
        if len(lightness) > 1:
            raise torch.OutOfMemoryError("scarce")
        return roomy(self, lightness, **options)

    batch = pictures(5, 32, 32)
    expected = predictor.predict(batch)
    monkeypatch.setattr(Predictor, "_predict", scarce)
    monkeypatch.setattr(predictor, "_most", 4)
    assert torch.equal(predictor.predict(batch), expected)
    assert sizes == [4, 2, 1, 1, 1, 1, 1]


def test_memory_for_not_even_one_picture_is_said(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which setting to change."""

    def full(_self: Predictor, _lightness: torch.Tensor, **_options: bool) -> torch.Tensor:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(Predictor, "_predict", full)
    with pytest.raises(DeviceError, match="working_size"):
        predictor.predict(pictures(1, 32, 32))
