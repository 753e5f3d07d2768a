"""Frechet distance between coloured photographs and the originals, by an Inception whose weights the user supplies."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional

from colorizer.errors import WeightsError
from training.state_dict import read_state_dict

FEATURES = 2048
_SIDE = 299


class Inception:
    """Torchvision's Inception v3 up to its last pooling layer."""

    def __init__(self, path: Path, device: torch.device) -> None:
        """Load the weights.

        Raises:
            WeightsError: the file is not a state dict of torchvision's `inception_v3`.

        """
        network = torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=False)
        try:
            network.load_state_dict(read_state_dict(path))
        except RuntimeError as error:
            raise WeightsError(f"{path}: not a state dict of torchvision's inception_v3: {error}") from error
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

    The trace of the square root of the product of two covariances is the sum of the singular values of the product of
    the centred sets. That matrix has as many rows as there are pictures, not features: a thousandth of the work for
    small sets.

    The distance falls with the number of pictures: compare only distances that were measured on equally many.

    """
    if min(len(results), len(truths)) < 2:
        return float("nan")
    one, other = (torch.stack(features).double() for features in (results, truths))
    difference = one.mean(0) - other.mean(0)
    one, other = _deviations(one), _deviations(other)
    shared = torch.linalg.matrix_norm(one @ other.T, "nuc")
    return float(difference.square().sum() + one.square().sum() + other.square().sum() - 2 * shared)


def _deviations(features: Tensor) -> Tensor:
    """A matrix with at most F rows whose square is the covariance of the features (N, F)."""
    _, triangle = torch.linalg.qr(features - features.mean(0), mode="r")
    return torch.div(triangle, math.sqrt(len(features) - 1))
