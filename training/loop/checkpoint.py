"""A run's checkpoints: written atomically, and resumed only with the recipe that made them."""

from __future__ import annotations

import fcntl
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from pydantic import ValidationError

from colorizer.durable import written_whole
from colorizer.errors import SettingsError, WeightsError, one_line
from training.recipe import RunRecipe, Shards
from training.state_dict import read_tensors

MUTABLE_SETTINGS = frozenset(
    {
        "terms",
        "weights",
        "encoder.start",
        "precision",
        "runs",
        "evaluate_every",
        "checkpoint_minutes",
        "log_every",
        "sanity_steps",
        "data.train",
        "data.validation",
        "data.labels",
        "data.cache",
        "data.workers",
        "schedule.steps",
        "schedule.warm_up",
        "schedule.fall",
    }
)
"""Settings that may change during a run: the run contains what it started from, and photographs may be moved."""


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes Fabric's checkpoints atomically: under its own name a file is always complete."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write a checkpoint.

        Raises:
            SettingsError: the disk is full, or the folder cannot be written to.

        """
        del storage_options
        try:
            with written_whole(Path(path)) as unfinished:
                torch.save(checkpoint, unfinished)
        except (OSError, RuntimeError) as error:  # torch's zip writer raises only RuntimeError
            raise SettingsError(
                f"{path}: cannot be written: {one_line(str(error))}; free some space, or name another folder "
                "as `runs`; the previous checkpoint is unchanged"
            ) from error


def claim_run(folder: Path) -> TextIO:
    """Lock a run's folder until the returned file is closed or the process ends.

    Raises:
        SettingsError: another process has the lock, or the folder cannot be written to.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written to ({error.strerror}); change `runs`") from error
    try:
        # Not flock: a loading process that ends a moment later than this one would keep the lock.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SettingsError(
            f"{folder}: another process is working on this run; wait for it, or change `name`"
        ) from error
    return lock


def read_last(checkpoint: Path) -> dict[str, Any]:
    """Read the checkpoint from which a run resumes.

    Raises:
        SettingsError: the checkpoint is damaged.

    """
    try:
        return read_tensors(checkpoint)
    except WeightsError as error:
        raise SettingsError(f"{error}; replace it with best.ckpt, or remove it to start again") from error


def check_recipe(checkpoint: Path, state: Mapping[str, Any], recipe: RunRecipe) -> None:
    """Check that a checkpoint was made with a recipe; `MUTABLE_SETTINGS` may differ.

    Args:
        checkpoint: the file.
        state: its content.
        recipe: the recipe of the run.

    Raises:
        SettingsError: a setting differs; the message names it.

    """
    try:
        made = type(recipe).model_validate_json(state["recipe"])
    except (KeyError, ValidationError) as error:
        raise SettingsError(
            f"{checkpoint}: made by another version of tintd, or for another task; change `name`"
        ) from error
    then, now = (dict(_flat(one.model_dump(mode="json"))) for one in (made, recipe))
    # The order of samples from shards depends on the number of processes that load them.
    mutable = MUTABLE_SETTINGS - {"data.workers"} if isinstance(recipe.data.train, Shards) else MUTABLE_SETTINGS
    for setting in itertools.chain(then, now):
        if then.get(setting) != now.get(setting) and not _is_among(setting, mutable):
            raise SettingsError(
                f"{checkpoint}: made with other settings ({setting}: {then.get(setting)}, now {now.get(setting)}); "
                "change the setting back, or change `name` for a new run"
            )


def check_classes(checkpoint: Path, state: Mapping[str, Any], classes: list[str]) -> None:
    """Check that the classes are those of a checkpoint, in the same order.

    Raises:
        SettingsError: they differ.

    """
    known = state.get("classes", [])
    if known != classes:
        raise SettingsError(
            f"{checkpoint}: made with other classes ({known}, now {classes}); change `name` for a new run"
        )


def _is_among(setting: str, names: Iterable[str]) -> bool:
    """Whether a setting is one of `names`, or a part of one."""
    return any(setting == name or setting.startswith(f"{name}.") for name in names)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their full names, such as `data.crop`."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
