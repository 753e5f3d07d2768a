"""Optimizer, learning rate schedule, moving average of the weights, and precision."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn, optim

from colorizer.model.device import bfloat16_is_faster
from training.recipe import RunRecipe, Schedule

Tensors = tuple[Tensor, ...] | list[Tensor]


def make_optimizer(network: nn.Module, recipe: RunRecipe) -> optim.Optimizer:
    """Make the optimizer: weights decay, biases and normalisations do not; the encoder has its own rate."""
    schedule = recipe.schedule
    groups = defaultdict(list)
    for name, parameter in network.named_parameters():
        part = recipe.encoder_rate if name.startswith("encoder.") else 1.0
        decay = schedule.weight_decay if parameter.dim() > 1 else 0.0
        if parameter.requires_grad:
            groups[schedule.rate * part, decay].append(parameter)
    kind = optim.AdamW if schedule.optimizer == "adamw" else optim.Adam
    # Gradients of the fused step cannot be clipped when they are scaled for float16.
    fused = precision_of(recipe) != "16-mixed"
    return kind(
        [{"params": group, "lr": rate, "weight_decay": decay} for (rate, decay), group in groups.items()], fused=fused
    )


def rate_at(step: int, schedule: Schedule) -> float:
    """The learning rate at a step, as a part of the schedule's: it rises, stays, and falls along half a cosine."""
    rise = max(schedule.warm_up * schedule.steps, 1)
    if step < rise:
        return (step + 1) / (rise + 1)
    if step <= schedule.falls_at:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * min(1.0, (step - schedule.falls_at) / (schedule.steps - schedule.falls_at)))


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """A moving average for `AveragedModel` that soon forgets the random first weights."""

    def average(averaged: Tensors, current: Tensors, steps: Tensor | int) -> None:
        if averaged[0].is_floating_point():
            torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + int(steps)) / (10 + int(steps))))
        else:
            torch._foreach_copy_(averaged, current)

    return average


def precision_of(recipe: RunRecipe) -> Literal["32-true", "bf16-mixed", "16-mixed"]:
    """The recipe's precision; for "auto" the fastest safe one on this machine."""
    if recipe.precision != "auto":
        return recipe.precision
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return "bf16-mixed" if bfloat16_is_faster(device) else "32-true"
