"""Tests of training/export/onnx.py."""

from pathlib import Path
from typing import Literal

import onnx
import pytest

from colorizer.model.network import Architecture, Network
from colorizer.model.weights import WeightsCard, save_weights
from training.export.onnx import TOLERANCE, export_onnx


@pytest.mark.parametrize("head", ["distribution", pytest.param("regression", marks=pytest.mark.slow)])
def test_weights_become_a_network_for_programs_without_torch(
    tmp_path: Path, head: Literal["distribution", "regression"]
) -> None:
    """The ONNX file gives the same colours, and its metadata has the card."""
    network = Network(Architecture(widths=(16, 16, 16), head=head))
    card = WeightsCard(architecture=network.architecture, working_size=64)
    save_weights(tmp_path / "weights.safetensors", network, card)
    assert export_onnx(tmp_path / "weights.safetensors", tmp_path / "weights.onnx") < TOLERANCE
    properties = {entry.key: entry.value for entry in onnx.load(tmp_path / "weights.onnx").metadata_props}
    assert WeightsCard.model_validate_json(properties["tintd"]) == card
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights.onnx", "weights.safetensors"]
