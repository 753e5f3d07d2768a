"""Distillation: a network learns from other networks as well as from the true colours (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor

from colorizer.errors import SettingsError
from colorizer.model.device import bfloat16_is_faster
from colorizer.model.network import Architecture
from colorizer.model.weights import load_weights


class Teachers:
    """Trained networks, whose mean distribution is what another network learns."""

    def __init__(self, weights: Iterable[Path], student: Architecture) -> None:
        """Load the networks of weights files.

        Raises:
            WeightsError: see `load_weights`.
            SettingsError: a network has other bins than the student, or none.

        """
        self._networks = []
        for path in weights:
            network, card = load_weights(path)
            if (card.architecture.head, card.architecture.grid) != ("distribution", student.grid):
                raise SettingsError(f"{path}: predicts other bins than the recipe's network, so cannot teach it")
            self._networks.append(network.requires_grad_(requires_grad=False))

    @torch.no_grad()
    def probability(self, lightness: Tensor) -> Tensor:
        """Predict the mean distribution of the networks.

        Args:
            lightness: L, float32, 0..100, (N, 1, H, W).

        Returns:
            float32, (N, K, H / 4, W / 4).

        """
        device = lightness.device
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_is_faster(device)):
            outputs = [network.to(device)(lightness) for network in self._networks]
        return torch.stack([output.float().softmax(dim=1) for output in outputs]).mean(dim=0)
