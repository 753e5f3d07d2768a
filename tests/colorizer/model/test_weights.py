"""Tests of colorizer/model/weights.py."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from colorizer.errors import SettingsError, WeightsError
from colorizer.model.decoding import LEAST_SQUARES, Decoding
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import Calibration, WeightsCard, load_card, load_weights, save_weights
from colorizer.weights_path import weights_hash


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    """The file has the architecture, working size and terms; the tensors are equal at half precision."""
    network = Network(Architecture(widths=(16, 16, 16))).eval()
    card = WeightsCard(architecture=network.architecture, working_size=100, terms="for tests")
    save_weights(tmp_path / "w", network, card)
    loaded, found = load_weights(tmp_path / "w")
    assert found == card == load_card(tmp_path / "w")
    lightness = torch.rand(1, 1, 64, 64) * 100
    with torch.inference_mode():
        torch.testing.assert_close(loaded(lightness), network(lightness), atol=0.02, rtol=0.02)


def test_the_services_user_may_read_what_another_exported(tmp_path: Path) -> None:
    """The mode is that of any new file."""
    network = Network(Architecture(widths=(16, 16, 16)))
    save_weights(tmp_path / "w", network, WeightsCard(architecture=network.architecture, working_size=100))
    (tmp_path / "any").touch()
    assert (tmp_path / "w").stat().st_mode == (tmp_path / "any").stat().st_mode


def damaged(weights: Path, tmp_path: Path, how: str) -> Path:
    """A file that cannot be used."""
    path = tmp_path / "bad.safetensors"
    if how == "missing":
        return path
    content = weights.read_bytes()
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "text":
        path.write_text("these are no weights")
    elif how == "pickle":
        torch.save({"a": torch.ones(1)}, path)
    elif how == "another's":
        save_file({"a": torch.ones(1)}, path)
    elif how == "misfit":
        card = load_card(weights).model_copy(update={"architecture": Architecture(widths=(8, 8, 8))})
        save_file(load_file(weights), path, metadata={"tintd": card.model_dump_json()})
    elif how == "not a number":
        tensors = load_file(weights)
        tensors["head.weight"] = torch.full_like(tensors["head.weight"], torch.nan)
        save_file(tensors, path, metadata={"tintd": load_card(weights).model_dump_json()})
    return path


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "there is no weights file here"),
        ("cut off", "damaged"),
        ("text", "damaged"),
        ("pickle", "not a safetensors file"),
        ("another's", "not of tintd"),
        ("misfit", "do not fit"),
        ("not a number", "not finite"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(weights: Path, tmp_path: Path, how: str, says: str) -> None:
    """The message names the file and what is wrong with it."""
    path = damaged(weights, tmp_path, how)
    with pytest.raises(WeightsError, match=says) as refusal:
        load_weights(path)
    assert str(path) in str(refusal.value)


def test_weights_are_known_by_their_content(weights: Path, tmp_path: Path) -> None:
    """A copy has the same hash; one changed byte gives another."""
    copy = tmp_path / "copy"
    content = weights.read_bytes()
    copy.write_bytes(content)
    assert weights_hash(copy) == weights_hash(weights)
    copy.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert weights_hash(copy) != weights_hash(weights)


def test_vividness_chooses_the_decoding() -> None:
    """From the mean at 0 to the most vivid colours at 1; `auto` is the calibrated vividness."""
    calibration = Calibration(temperature=1.1, spread=12, vividness=0.25)
    card = WeightsCard(architecture=Architecture(), working_size=64, calibration=calibration)
    assert card.decoding(0.0) == Decoding(1.1, 0.0, 12)
    assert card.decoding(1.0) == Decoding(1.1, 1.0, 12)
    assert card.decoding("auto") == card.decoding(0.25)


def test_the_gain_of_earlier_files_is_passed_over() -> None:
    """A weights file of version 0.1 is read as today's are."""
    assert (
        Calibration.model_validate({"temperature": 1.1, "vivid_gain": 0.96, "vividness": 0.7}).decoding(0.7).spread > 0
    )


def test_regression_weights_have_one_answer() -> None:
    """They refuse a vividness with the reason."""
    card = WeightsCard(architecture=Architecture(head="regression"), working_size=64)
    assert card.decoding("auto") == LEAST_SQUARES
    with pytest.raises(SettingsError, match="one answer"):
        card.decoding(0.3)
