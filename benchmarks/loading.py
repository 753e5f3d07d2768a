"""Whether loading slows training down: steps on loaded samples compared with steps on one batch in memory.

Usage: `python -m benchmarks.loading [RECIPE]`, with the recipe's photographs, or without one with the demo's, coloured.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice, repeat
from pathlib import Path

import torch
from lightning.fabric import Fabric
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.settings import JobSettings
from training.data.samples import batches_of, load_samples, workers_of
from training.loop.colour_task import ColourTask
from training.loop.optimization import make_optimizer, precision_of
from training.loop.task import Batch
from training.recipe import Recipe, load_colour_recipe

_STEPS, _ROUNDS = 5, 4
_PICTURES = Path(__file__).parents[1] / "demo" / "pictures"


def main(own_recipe: Path | None = None) -> list[Figure]:
    """Print a table."""
    with tempfile.TemporaryDirectory() as name:
        recipe = load_colour_recipe(own_recipe) if own_recipe else _demo_recipe(Path(name))
        fabric = Fabric(precision=precision_of(recipe), devices=1)
        task = ColourTask(recipe)
        order = batches_of(task.corpus, recipe, range(1, 1000))
        loader = load_samples(task.samples(), order, workers_of(recipe.data))
        batches = iter(fabric.setup_dataloaders(loader, use_distributed_sampler=False))
        batch = next(batches)
        luma, rgb = batch
        task.prepare((luma.cpu(), rgb.cpu()))
        network, optimizer = fabric.setup(task.network, make_optimizer(task.network, recipe))
        task.train_mode(network)

        def seconds(source: Iterator[Batch]) -> float:
            started = time.perf_counter()
            for one in islice(source, _STEPS):
                fabric.backward(task.loss(network, one))
                optimizer.step()
                optimizer.zero_grad()
            if fabric.device.type == "cuda":
                torch.cuda.synchronize()
            return (time.perf_counter() - started) / _STEPS

        seconds(batches)
        rounds = [(seconds(repeat(batch)), seconds(batches)) for _ in range(_ROUNDS)]
    synthetic, real = (min(times) for times in zip(*rounds, strict=True))
    table = Table("batch", "crop", "workers", "synthetic, s/step", "loaded, s/step", "loaded / synthetic")
    table.title = f"A training step on {fabric.device} ({torch.get_num_threads()} threads)"
    data = recipe.data
    shown = (
        recipe.schedule.batch,
        data.crop,
        workers_of(data),
        f"{synthetic:.3f}",
        f"{real:.3f}",
        f"{real / synthetic:.2f}",
    )
    table.add_row(*map(str, shown))
    Console().print(table)
    return [Figure("training step with loading / without", real / synthetic, "times")]


def _demo_recipe(root: Path) -> Recipe:
    """The default recipe's settings on the pictures that come with the project; coloured, as grey ones are left out."""
    photographs = root / "photographs"
    photographs.mkdir()
    for picture in _PICTURES.glob("*.jpg"):
        job = Job(picture, photographs / picture.name, root / "workspace", JobSettings())
        colorize(job, lambda _done, _all: None)
    recipe = load_colour_recipe(Path(__file__).parents[1] / "training" / "recipes" / "default.yaml")
    update: dict[str, object] = {
        "train": photographs,
        "validation": photographs,
        "cache": root / "cache",
        "early_crop": None,
        "repeat": {},
    }
    return recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update=update),
            "encoder": recipe.encoder.model_copy(update={"start": None}),
        }
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
