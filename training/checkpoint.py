"""A run's checkpoints: written whole, and gone on from only by the recipe that they were made with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from pydantic import ValidationError

from colorizer.durable import replace_durably
from colorizer.errors import SettingsError
from training.recipe import RunRecipe

_FREE = frozenset(
    {
        "terms",
        "precision",
        "runs",
        "evaluate_every",
        "checkpoint_minutes",
        "log_every",
        "sanity_steps",
        "data.cache",
        "data.workers",
        "schedule.steps",
        "schedule.warm_up",
        "schedule.fall",
    }
)
"""Settings that may change in the middle of a run."""


def save_checkpoint(fabric: Fabric, path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint that is whole whenever it is there; to be called by all processes of a run."""
    unfinished = path.with_suffix(".part")
    fabric.save(unfinished, state)
    if fabric.is_global_zero:
        replace_durably(unfinished, path)


def check_recipe(checkpoint: Path, recipe: RunRecipe) -> None:
    """See that a run can be gone on with by a recipe.

    Raises:
        SettingsError: the checkpoint is damaged, or was made with other settings, which are named.

    """
    try:
        made = type(recipe).model_validate_json(_read(checkpoint)["recipe"])
    except (KeyError, ValidationError) as error:
        raise SettingsError(f"{checkpoint}: of another version of tintd, or another task; change `name`") from error
    then, now = (dict(_flat(one.model_dump(mode="json"))) for one in (made, recipe))
    for setting in itertools.chain(then, now):
        if then.get(setting) != now.get(setting) and setting not in _FREE:
            raise SettingsError(
                f"{checkpoint}: this run was begun with other settings ({setting}: {then.get(setting)}, now "
                f"{now.get(setting)}); for a new run change `name` or remove {checkpoint.parent}"
            )


def _read(checkpoint: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises whatever its reading of a damaged file comes upon
        raise SettingsError(
            f"{checkpoint}: damaged ({error}); put best.ckpt in its place, or remove it to begin anew"
        ) from error
    return state


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their whole names: `data.crop`."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
