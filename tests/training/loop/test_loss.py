"""Tests of training/loop/loss.py."""

import pytest
import torch
from torch.nn import functional

from colorizer.model.network import AB_SCALE, Architecture, Network
from training.loop.loss import colour_loss


def test_the_regression_loss_is_the_papers() -> None:
    """Mean squared error of ab mapped to 0..1 by (ab + 128) / 255."""
    network = Network(Architecture(head="regression", widths=(8, 8, 8)))
    ab = torch.randn(2, 2, 8, 8) * 30
    output = functional.avg_pool2d(ab, 4) / AB_SCALE
    assert float(colour_loss(network, output, ab)) == pytest.approx(0, abs=1e-9)
    assert float(colour_loss(network, output + 25.5 / AB_SCALE, ab)) == pytest.approx(0.01, rel=1e-4)


def test_the_distribution_loss_is_least_at_the_truth() -> None:
    """The loss is least for the true distribution."""
    from colorizer.model.bins import soft_encode  # noqa: PLC0415

    network = Network(Architecture(widths=(8, 8, 8)))
    ab = torch.randn(2, 2, 8, 8) * 20
    truth = soft_encode(functional.avg_pool2d(ab, 4), network.bins).clamp(min=1e-12).log()
    best = float(colour_loss(network, truth, ab))
    for seed in range(5):
        other = truth + torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))
        assert float(colour_loss(network, other, ab)) > best
