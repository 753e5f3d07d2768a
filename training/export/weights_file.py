"""A run's averaged weights as a weights file."""

from __future__ import annotations

import json
from pathlib import Path

from colorizer.durable import written_whole
from colorizer.errors import WeightsError, one_line
from colorizer.model.network import Network
from colorizer.model.weights import WeightsCard, save_weights
from training.data.corpus import Corpus, open_corpus
from training.export.calibration import calibrate
from training.loop.checkpoint import check_recipe
from training.loop.colour_task import VALIDATION_SIDE
from training.measure.evaluation import Recolourer, evaluate, finite, summarise
from training.recipe import Recipe
from training.state_dict import read_tensors

_PREFIX = "module."
_NOTED = ("squared_error", "part_of_grey", "ciede2000", "colourfulness_part", "cast_a", "cast_b", "neutral_coloured")
"""Figures that a weights file contains."""


def default_checkpoint(recipe: Recipe) -> Path:
    """The run's checkpoint with the least validation error, or its last one if there was no evaluation yet."""
    folder = recipe.runs / recipe.name
    best = folder / "best.ckpt"
    return best if best.is_file() else folder / "last.ckpt"


def export(recipe: Recipe, checkpoint: Path, target: Path, *, pictures: int) -> WeightsCard:
    """Calibrate a run's averaged weights and write them; if that fails, an older target stays as it was.

    Args:
        recipe: the recipe of the run.
        checkpoint: a checkpoint of the run.
        target: the weights file.
        pictures: number of photographs of each kind to calibrate on.

    Raises:
        WeightsError, SettingsError: see `load_checkpoint`.

    """
    network, step = load_checkpoint(recipe, checkpoint)
    data = recipe.data
    train = open_corpus(data.train, data.cache, data.stored_side, decoded=data.stored)
    validation = open_corpus(data.validation, data.cache, VALIDATION_SIDE, decoded=data.stored)
    card = WeightsCard(
        architecture=recipe.architecture,
        working_size=recipe.data.crop,
        terms=recipe.terms,
        notes={"recipe": recipe.model_dump_json(), "checkpoint": f"step {step} of {checkpoint.name}"},
    )
    card = calibrate(network, card, train, validation, pictures)
    with written_whole(target) as unfinished:
        save_weights(unfinished, network, card)
        card = card.model_copy(update={"notes": card.notes | {"metrics": _metrics(unfinished, validation, pictures)}})
        save_weights(unfinished, network, card)
    return card


def _metrics(weights: Path, validation: Corpus, pictures: int) -> str:
    """Figures on the validation photographs, by answer and kind, as JSON."""
    summary = summarise(evaluate(Recolourer(weights, "auto"), validation, pictures))
    figures = {
        answer: {kind: {name: finite(float(f"{by_kind[kind][name]:.4g}")) for name in _NOTED} for kind in by_kind}
        for answer, by_kind in summary.items()
        if answer in {"default", "mean"}
    }
    return json.dumps({"pictures_of_each_kind": pictures, **figures}, allow_nan=False)


def load_checkpoint(recipe: Recipe, checkpoint: Path) -> tuple[Network, int]:
    """Load the averaged network of a checkpoint, in evaluation mode, and the number of its step.

    Raises:
        WeightsError: the checkpoint is missing, damaged, or has another architecture.
        SettingsError: the checkpoint was made with other settings.

    """
    if not checkpoint.is_file():
        raise WeightsError(f"{checkpoint}: there is no checkpoint; run `tintd train` first")
    state = read_tensors(checkpoint)
    if not {"average", "step"} <= state.keys():
        raise WeightsError(f"{checkpoint}: not a checkpoint of a run: it contains no averaged weights")
    network = Network(recipe.architecture)
    try:
        network.load_state_dict(
            {name.removeprefix(_PREFIX): value for name, value in state["average"].items() if name.startswith(_PREFIX)}
        )
    except RuntimeError as error:
        raise WeightsError(f"{checkpoint}: made by another recipe: {one_line(str(error))}") from error
    check_recipe(checkpoint, state, recipe)
    return network.eval(), state["step"]
