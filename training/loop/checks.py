"""Checks before a long run: the network can overfit a few samples, and a step fits into the memory."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning.fabric import Fabric

from colorizer.errors import SettingsError
from training.loop.optimization import make_optimizer
from training.loop.task import Batch, Task
from training.recipe import ClassifierRecipe, Recipe

_SAMPLES = 8
"""Number of samples of the overfit check."""
_LEARNT = 0.9
"""Their loss must fall to this part of its first value."""


def check_overfit(task: Task, recipe: Recipe | ClassifierRecipe, batch: Batch) -> str:
    """Check that a copy of the network learns a few samples.

    Returns:
        A sentence about the losses, for people.

    Raises:
        SettingsError: the loss did not fall.

    """
    network = copy.deepcopy(task.network)
    optimizer = make_optimizer(network, recipe)
    few = [part[:_SAMPLES] for part in batch]
    task.train_mode(network)
    losses = []
    for _ in range(recipe.sanity_steps + 1):  # one step more, because a step starts with the loss of the step before
        loss = task.loss(network, few)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    change = f"the loss of {len(few[0])} samples went from {losses[0]:.4g} to {losses[-1]:.4g}"
    if not losses[-1] <= _LEARNT * losses[0]:
        raise SettingsError(
            f"{recipe.name}: in {recipe.sanity_steps} steps {change}: the network learns nothing; check "
            "`schedule.rate`, `encoder.start` and the photographs (`sanity_steps: 0` skips this check)"
        )
    return f"overfit check passed: in {recipe.sanity_steps} steps {change}"


def check_memory(fabric: Fabric, task: Task, batch: Batch) -> None:
    """Check that the memory holds a step: run the network forwards and backwards on the largest batch, with a copy."""
    network = fabric.setup_module(copy.deepcopy(task.network))
    task.train_mode(network)
    fabric.backward(task.loss(network, fabric.to_device(batch)))


@contextmanager
def within_memory(recipe: Recipe | ClassifierRecipe, device: torch.device) -> Iterator[None]:
    """Explain to people that a step does not fit into a device's memory.

    Raises:
        SettingsError: the memory ran out.

    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # There are several types: torch.OutOfMemoryError, torch.AcceleratorError, and what the CPU's allocator raises.
        message = str(error)
        if (
            isinstance(error, RuntimeError)
            and "out of memory" not in message
            and "can't allocate memory" not in message
        ):
            raise
        raise SettingsError(
            f"{recipe.name}: a step of {recipe.schedule.batch} samples of {recipe.data.crop} pixels does not fit into "
            f"the memory of {device}; lower `schedule.batch` or `data.crop`, or stop other programs that use it"
        ) from error
