"""Tests of training/loop/optimization.py."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from training.loop.optimization import moving_average, rate_at
from training.recipe import Schedule


def test_the_rate_rises_stands_still_and_falls_to_nothing() -> None:
    """The rate rises, stays, and falls along half a cosine, with half the rate in the middle."""
    schedule = Schedule(steps=100, warm_up=0.1, fall=0.4)
    rates = [rate_at(step, schedule) for step in range(101)]
    assert all(before < after for before, after in pairwise(rates[:11]))
    assert rates[10:61] == [1.0] * 51
    assert all(before > after for before, after in pairwise(rates[60:]))
    assert rates[80] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)


def test_a_longer_run_has_the_same_plateau() -> None:
    """So a run can be made longer while the rate is constant."""
    short, long = (Schedule(steps=steps, warm_up=10 / steps, fall=0.4) for steps in (100, 200))
    assert [rate_at(step, short) for step in range(60)] == pytest.approx([rate_at(step, long) for step in range(60)])


def test_the_average_follows_the_weights_and_forgets_its_beginning() -> None:
    """The average of constant weights soon is their value, whatever the decay; counters are copied."""
    network = nn.BatchNorm1d(1)
    average = AveragedModel(network, multi_avg_fn=moving_average(0.999), use_buffers=True)
    average.update_parameters(network)  # which only copies, at the first time
    with torch.no_grad():
        network.weight.fill_(5.0)
        network.num_batches_tracked.fill_(7)
    for _ in range(100):
        average.update_parameters(network)
    assert average.module.weight.item() == pytest.approx(5.0, abs=1e-3)
    assert average.module.num_batches_tracked.item() == 7
