"""A weights file as ONNX, for programs without torch; it is checked against torch before it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor

from colorizer.durable import written_whole
from colorizer.errors import WeightsError
from colorizer.model.decoding import LEAST_SQUARES, decode
from colorizer.model.network import AB_SCALE, STRIDE, Network, fold_normalisation
from colorizer.model.weights import load_weights

TOLERANCE = 0.5
"""Largest accepted difference between ONNX's colours and torch's, in ab units: half of what an eye can see."""
_SIZES = ((1, 4, 4), (2, 5, 7))
"""Batches, heights and widths (in strides) on which both are compared."""


def export_onnx(weights: Path, target: Path) -> float:
    """Write a network as ONNX: `lightness` (N, 1, H, W), L in 0..100, to `output`, the bins' logits or ab / 128.

    N, H and W are free; H and W must be multiples of 32. The metadata has the weights file's card as `tintd` and the
    bins as `bins`.

    Returns:
        The largest difference between its colours and torch's, in ab units.

    Raises:
        WeightsError: see `load_weights`; or the difference is larger than `TOLERANCE`.

    """
    network, card = load_weights(weights)
    fold_normalisation(network)
    batch, height, width = (torch.export.Dim(name, min=1, max=most) for name, most in (("n", 64), ("h", 64), ("w", 64)))
    program = torch.onnx.export(
        network,
        (torch.rand(2, 1, 4 * STRIDE, 5 * STRIDE) * 100,),
        input_names=["lightness"],
        output_names=["output"],
        dynamic_shapes={"lightness": {0: batch, 2: STRIDE * height, 3: STRIDE * width}},
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    if program is None:
        raise WeightsError(f"{weights}: torch cannot write this network as ONNX")
    model = program.model_proto
    onnx.helper.set_model_props(model, {"tintd": card.model_dump_json(), "bins": str(network.bins.tolist())})
    onnx.checker.check_model(model)
    difference = _difference(network, model.SerializeToString())
    if not difference <= TOLERANCE:
        raise WeightsError(f"{weights}: ONNX's colours differ from torch's by {difference:.2f} ab units")
    with written_whole(target) as unfinished:
        onnx.save(model, unfinished, format="protobuf")
    return difference


@torch.inference_mode()
def _difference(network: Network, model: bytes) -> float:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    differences = []
    for number, rows, columns in _SIZES:
        lightness = torch.rand(number, 1, rows * STRIDE, columns * STRIDE) * 100
        [found] = session.run(None, {"lightness": lightness.numpy()})
        difference = _ab(network, torch.from_numpy(np.asarray(found))) - _ab(network, network(lightness))
        differences.append(float(difference.abs().max()))
    return max(differences)


def _ab(network: Network, output: Tensor) -> Tensor:
    """The least-squares ab of an output."""
    if network.architecture.head == "regression":
        return output * AB_SCALE
    return decode(output, network.bins, LEAST_SQUARES)
