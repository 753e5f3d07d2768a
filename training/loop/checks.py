"""Checks before hours are spent: a network that can learn anything learns a few samples by heart; a step fits in."""

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
_SANE = 0.9
"""A few samples' loss must fall to this part of what it was."""


def learn_by_heart(task: Task, recipe: Recipe | ClassifierRecipe, batch: Batch) -> str:
    """See that a copy of the network learns a few samples.

    Returns:
        How it went, for people.

    Raises:
        SettingsError: the loss did not fall.

    """
    network = copy.deepcopy(task.network)
    optimizer = make_optimizer(network, recipe)
    few = [part[:_SAMPLES] for part in batch]
    task.train_mode(network)
    losses = []
    for _ in range(recipe.sanity_steps + 1):  # the loss after the last step is seen at the beginning of one more
        loss = task.loss(network, few)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    told = f"the loss of {len(few[0])} samples went from {losses[0]:.4g} to {losses[-1]:.4g}"
    if not losses[-1] <= _SANE * losses[0]:
        raise SettingsError(
            f"{recipe.name}: in {recipe.sanity_steps} steps {told}: nothing is learnt; look at `schedule.rate`, the "
            "encoder's start and the photographs (`sanity_steps: 0` leaves this out)"
        )
    return f"sane: in {recipe.sanity_steps} steps {told}"


def rehearse(fabric: Fabric, task: Task, batch: Batch) -> None:
    """Make a step's largest part with a copy of the network, to see that a batch as large as any of the run fits."""
    network = fabric.setup_module(copy.deepcopy(task.network))
    task.train_mode(network)
    fabric.backward(task.loss(network, fabric.to_device(batch)))


@contextmanager
def within_memory(recipe: Recipe | ClassifierRecipe, device: torch.device) -> Iterator[None]:
    """Say for people that a step does not fit into a device's memory.

    Raises:
        SettingsError: it does not.

    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # There is no one type for this: see torch.OutOfMemoryError, torch.AcceleratorError, and the CPU's allocator.
        told = str(error)
        if isinstance(error, RuntimeError) and "out of memory" not in told and "can't allocate memory" not in told:
            raise
        raise SettingsError(
            f"{recipe.name}: a step of {recipe.schedule.batch} samples of {recipe.data.crop} pixels does not fit into "
            f"the memory of {device}; lower `schedule.batch` or `data.crop`, or end what else uses it"
        ) from error
