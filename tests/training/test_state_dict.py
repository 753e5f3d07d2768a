"""Tests of training/state_dict.py."""

from pathlib import Path

import pytest
import torch

from colorizer.errors import WeightsError
from training.state_dict import read_state_dict, read_tensors

WEIGHT = {"conv1.weight": torch.ones(2)}


@pytest.mark.parametrize("content", [WEIGHT, {"state_dict": WEIGHT}, {"average": WEIGHT, "step": 3}])
def test_a_state_dict_is_found_in_its_place(tmp_path: Path, content: dict[str, object]) -> None:
    """On its own, in a file of Lightning's, or as the averaged weights of a checkpoint."""
    torch.save(content, tmp_path / "file")
    assert read_state_dict(tmp_path / "file")["conv1.weight"].equal(torch.ones(2))


@pytest.mark.parametrize("content", [b"no tensors", b""])
def test_a_damaged_file_is_an_error_for_people(tmp_path: Path, content: bytes) -> None:
    """The message names the file."""
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(WeightsError, match="file: damaged, or not a file that torch wrote"):
        read_tensors(tmp_path / "file")


def test_another_object_is_refused(tmp_path: Path) -> None:
    """Only tensors by name are accepted."""
    torch.save(torch.ones(2), tmp_path / "file")
    with pytest.raises(WeightsError, match="contains no tensors by name"):
        read_tensors(tmp_path / "file")
