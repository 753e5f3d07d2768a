"""A run's checkpoints: written whole, and gone on from only by the recipe that they were made with."""

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
from training.data.sources import Shards
from training.recipe import RunRecipe

_FREE = frozenset(
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
"""Settings that may change in the middle of a run. What it began from is in it; photographs may have been moved."""


class WholeCheckpoints(TorchCheckpointIO):
    """Fabric's checkpoints, written on the run's own disk and whole whenever they are there."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write one.

        Raises:
            SettingsError: there is no room, or nothing can be written here.

        """
        del storage_options
        try:
            with written_whole(Path(path)) as unfinished:
                torch.save(checkpoint, unfinished)
        except (OSError, RuntimeError) as error:  # torch's writer of zip files knows only the latter
            raise SettingsError(
                f"{path}: cannot be written: {one_line(str(error))}; make room, or name another folder as `runs`; "
                "the checkpoint of before is as it was"
            ) from error


def claim_run(folder: Path) -> TextIO:
    """Make a run's folder this process's own, until what is returned is closed or the process ends.

    Raises:
        SettingsError: another process makes this run, or the folder cannot be written to.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be written to ({error.strerror}); change `runs`") from error
    try:
        # Not flock: a loading process that outlives this one for a moment would hold it on.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise SettingsError(f"{folder}: another process makes this run; wait for it, or change `name`") from error
    return lock


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint, or another file of tensors by name, without running any code of its.

    Raises:
        WeightsError: the file is not there, damaged, or holds something else.

    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises whatever its bytes lead to: even AssertionError
        raise WeightsError(f"{path}: damaged, or no file of torch's: {one_line(str(error))}") from error
    if not isinstance(state, dict):
        raise WeightsError(f"{path}: holds no tensors by name")
    return state


def read_last(checkpoint: Path) -> dict[str, Any]:
    """Read the checkpoint that a run goes on from.

    Raises:
        SettingsError: it is damaged.

    """
    try:
        return read_checkpoint(checkpoint)
    except WeightsError as error:
        raise SettingsError(f"{error}; put best.ckpt in its place, or remove it to begin anew") from error


def check_recipe(checkpoint: Path, state: Mapping[str, Any], recipe: RunRecipe) -> None:
    """See that a checkpoint was made by a recipe, as far as it matters.

    Args:
        checkpoint: the file.
        state: what it holds.
        recipe: the one to go by now.

    Raises:
        SettingsError: it was made with other settings, which are named.

    """
    try:
        made = type(recipe).model_validate_json(state["recipe"])
    except (KeyError, ValidationError) as error:
        raise SettingsError(f"{checkpoint}: of another version of tintd, or another task; change `name`") from error
    then, now = (dict(_flat(one.model_dump(mode="json"))) for one in (made, recipe))
    # The processes that load shards share them out among themselves, so their number decides what comes when.
    free = _FREE - {"data.workers"} if isinstance(recipe.data.train, Shards) else _FREE
    for setting in itertools.chain(then, now):
        if then.get(setting) != now.get(setting) and not _is_among(setting, free):
            raise SettingsError(
                f"{checkpoint}: made with other settings ({setting}: {then.get(setting)}, now {now.get(setting)}); "
                "change them back, or for a new run change `name`"
            )


def check_classes(checkpoint: Path, state: Mapping[str, Any], classes: list[str]) -> None:
    """See that the classes have the numbers by which a checkpoint knows them; see `check_recipe`.

    Raises:
        SettingsError: they have others.

    """
    known = state.get("classes", [])
    if known != classes:
        raise SettingsError(
            f"{checkpoint}: made with other classes ({known}, now {classes}); for a new run change `name`"
        )


def _is_among(setting: str, names: Iterable[str]) -> bool:
    """Whether a setting is one of these, or a part of one."""
    return any(setting == name or setting.startswith(f"{name}.") for name in names)


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their whole names: `data.crop`."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
