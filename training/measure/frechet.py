"""Frechet distance between coloured photographs and true ones, by a torchvision Inception that the user brings."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from colorizer.errors import WeightsError
from training.loop.initialisation import read_state

FEATURES = 2048
_SIDE = 299


class Inception:
    """Torchvision's Inception v3 up to its last pooling."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """Load its weights.

        Raises:
            WeightsError: the file is no state dict of torchvision's `inception_v3`.

        """
        network = torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=False)
        try:
            network.load_state_dict(read_state(path))
        except RuntimeError as error:
            raise WeightsError(f"{path}: no state dict of torchvision's inception_v3: {error}") from error
        network.fc = nn.Identity()
        self._network: nn.Module = network.eval().to(device)
        self._device = device

    @torch.inference_mode()
    def features(self, rgb: Tensor) -> Tensor:
        """Features of a picture, R'G'B' in 0..1, (3, H, W), stretched to Inception's size: (`FEATURES`,)."""
        square = functional.interpolate(
            rgb[None].to(self._device), size=(_SIDE, _SIDE), mode="bilinear", antialias=True
        )
        features: Tensor = self._network(square * 2 - 1)[0]
        return features.cpu()


def frechet_distance(results: list[Tensor], truths: list[Tensor]) -> float:
    """Distance between two sets of features (Heusel et al. 2017, equation 6); NaN for fewer than two pictures.

    The trace of the root of two covariances' product is the sum of the singular values of the centred sets' product:
    as large as the pictures are many, not as the features, which for small sets is a thousandth of the work.

    It falls with the number of pictures: compare only what was measured on as many.

    """
    if min(len(results), len(truths)) < 2:
        return float("nan")
    one, other = (torch.stack(features).double() for features in (results, truths))
    apart = one.mean(0) - other.mean(0)
    one, other = _deviations(one), _deviations(other)
    shared = torch.linalg.matrix_norm(one @ other.T, "nuc")
    return float(apart.square().sum() + one.square().sum() + other.square().sum() - 2 * shared)


def _deviations(features: Tensor) -> Tensor:
    """A matrix, with no more rows than features, whose square is the covariance of the features, (N, F)."""
    _, triangle = torch.linalg.qr(features - features.mean(0), mode="r")
    return torch.div(triangle, math.sqrt(len(features) - 1))
