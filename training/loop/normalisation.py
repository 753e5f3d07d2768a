"""Batch normalisation over the parts of all processes: two devices learn the same as one with the whole batch."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.distributed import get_world_size
from torch.distributed.nn.functional import all_reduce


def sync_batch_norm(network: nn.Module, device: torch.device) -> nn.Module:
    """Make batch normalisations use the statistics of the whole batch, of which each process has a part.

    The names of the tensors stay. On GPUs this is torch's `SyncBatchNorm`, which raises an error on CPUs.

    """
    if device.type != "cpu":
        return cast("nn.Module", nn.SyncBatchNorm.convert_sync_batchnorm(network))
    for name, child in list(network.named_children()):
        setattr(network, name, _synced(child) if isinstance(child, nn.BatchNorm2d) else sync_batch_norm(child, device))
    return network


class CpuSyncBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation (N, C, H, W) with the mean and variance of the whole batch, for processes joined by gloo."""

    def forward(self, features: Tensor) -> Tensor:
        """Normalise; in evaluation mode without the other processes."""
        if not self.training:
            return super().forward(features)
        parts = features.float()
        moments = torch.cat((parts.mean(dim=(0, 2, 3)), parts.square().mean(dim=(0, 2, 3))))
        mean, square = (all_reduce(moments) / get_world_size()).chunk(2)
        variance = (square - mean.square()).clamp(min=0)
        self._update_running_statistics(
            mean.detach(), variance.detach(), features.numel() // features.shape[1] * get_world_size()
        )
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return torch.addcmul(shift[:, None, None], parts, scale[:, None, None]).to(features.dtype)

    def _update_running_statistics(self, mean: Tensor, variance: Tensor, number: int) -> None:
        momentum = cast("float", self.momentum)
        cast("Tensor", self.running_mean).lerp_(mean, momentum)
        cast("Tensor", self.running_var).lerp_(variance * number / (number - 1), momentum)
        cast("Tensor", self.num_batches_tracked).add_(1)


def _synced(norm: nn.BatchNorm2d) -> CpuSyncBatchNorm2d:
    synced = CpuSyncBatchNorm2d(norm.num_features, eps=norm.eps, momentum=norm.momentum)
    synced.load_state_dict(norm.state_dict())
    return synced
