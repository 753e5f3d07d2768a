"""Batch normalisation over the batches of all processes, so that two devices learn what one would with both batches."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed import get_world_size
from torch.distributed.nn.functional import all_reduce


def share_normalisation(network: nn.Module, device: torch.device) -> nn.Module:
    """Make batch normalisations see the whole batch, of which each process has a part.

    The names of the tensors stay. On GPUs this is torch's own; torch's knows no CPUs.

    """
    if device.type != "cpu":
        return cast("nn.Module", nn.SyncBatchNorm.convert_sync_batchnorm(network))
    for name, child in list(network.named_children()):
        setattr(
            network, name, _shared(child) if isinstance(child, nn.BatchNorm2d) else share_normalisation(child, device)
        )
    return network


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation (N, C, H, W) whose mean and variance are those of all processes' parts of the batch."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise; in evaluation mode each process by itself."""
        if not self.training:
            return super().forward(features)
        parts = features.float()
        moments = torch.cat((parts.mean(dim=(0, 2, 3)), parts.square().mean(dim=(0, 2, 3))))
        mean, square = (all_reduce(moments) / get_world_size()).chunk(2)
        variance = (square - mean.square()).clamp(min=0)
        self._remember(mean.detach(), variance.detach(), features.numel() // features.shape[1] * get_world_size())
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], parts, scale[:, None, None]).to(features.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, number: int) -> None:
        momentum = cast("float", self.momentum)
        cast("Tensor", self.running_mean).lerp_(mean, momentum)
        cast("Tensor", self.running_var).lerp_(variance * number / (number - 1), momentum)
        cast("Tensor", self.num_batches_tracked).add_(1)


def _shared(norm: nn.BatchNorm2d) -> SharedBatchNorm2d:
    shared = SharedBatchNorm2d(norm.num_features, eps=norm.eps, momentum=norm.momentum)
    shared.load_state_dict(norm.state_dict())
    return shared
