"""The loss of each head."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from colorizer.model.bins import soft_encode
from colorizer.model.network import AB_SCALE, Network


def colour_loss(
    network: Network, output: Tensor, ab: Tensor, taught: Tensor | None = None, share: float = 0.0
) -> Tensor:
    """Loss of a network's output against the true colours.

    Regression: mean squared error of ab mapped to 0..1 by (ab + 128) / 255, the loss of the 2019 recipe.
    Distribution: cross-entropy with the soft-encoded colour (Zhang et al. 2016, equation 2, without its rebalancing of
    rare colours, which makes the mean worse).

    Args:
        network: the network that made the output.
        output: its output, (N, K or 2, H / 4, W / 4).
        ab: the true colours, float32, (N, 2, H, W).
        taught: the distribution that teachers predict, (N, K, H / 4, W / 4), or None.
        share: part of that distribution in what the network should predict.

    Returns:
        A scalar.

    """
    target = functional.avg_pool2d(ab, kernel_size=4)
    if network.architecture.head == "regression":
        return functional.mse_loss(output.float() * AB_SCALE / 255, target / 255)
    # The bins are last, as in memory: with the channels first, the softmax would copy them twice.
    log_probability = output.permute(0, 2, 3, 1).float().log_softmax(dim=-1)
    wanted = soft_encode(target, network.bins)
    if taught is not None:
        wanted = wanted.lerp(taught, share)
    return -(wanted.permute(0, 2, 3, 1) * log_probability).sum(dim=-1).mean()
