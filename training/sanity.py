"""A check before hours are spent: a network that can learn anything learns a few samples by heart."""

from __future__ import annotations

import copy

from colorizer.errors import SettingsError
from training.optimization import make_optimizer
from training.recipe import ClassifierRecipe, Recipe
from training.task import Batch, Task

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
