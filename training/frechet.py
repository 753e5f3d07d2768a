"""Frechet distance between coloured photographs and true ones, by a torchvision Inception that the user brings."""

from __future__ import annotations

from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torchmetrics.image.fid import FrechetInceptionDistance

from colorizer.errors import WeightsError
from training.initialisation import read_state

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
    """Distance between two sets of features, each of at least two pictures; NaN for fewer.

    It falls with the number of pictures: compare only what was measured on as many.

    """
    if len(results) < 2:
        return float("nan")
    distance = FrechetInceptionDistance(feature=_Known(len(truths[0])))
    distance.update(torch.stack(truths), real=True)
    distance.update(torch.stack(results), real=False)
    return float(distance.compute())


class _Known(nn.Module):
    """Features that are there already, in the place of a network that makes them."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.num_features = number

    def forward(self, features: Tensor) -> Tensor:
        """The same."""
        return features
