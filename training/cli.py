"""Sub-commands of `tintd` that need the extra tintd[train]; what they need is imported only when one of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from colorizer.errors import SettingsError

RecipeArgument = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]


def train(recipe: RecipeArgument) -> None:
    """Train a network by a recipe; a run that was interrupted goes on where it was."""
    with _extra():
        from training.recipe import load_recipe  # noqa: PLC0415 (torch and Lightning are slow to import)
        from training.trainer import train as run  # noqa: PLC0415
    typer.echo(run(load_recipe(recipe)))


def evaluate(
    weights: Annotated[Path, typer.Argument(help="The weights file.", show_default=False)],
    data: Annotated[Path, typer.Argument(help="Folder tree of colour photographs.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")] = Path("report"),
    cache: Annotated[Path, typer.Option(help="Where decoded photographs are kept.")] = Path("runs/cache"),
    side: Annotated[int, typer.Option(help="Photographs are looked at with at most this short side.")] = 256,
    most: Annotated[int | None, typer.Option(help="How many of each kind. [default: all]")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
) -> None:
    """Measure how a weights file colours photographs, beside grey and the mean colour by lightness."""
    with _extra():
        from training.corpus import open_corpus  # noqa: PLC0415
        from training.evaluation import Painter  # noqa: PLC0415
        from training.evaluation import evaluate as run  # noqa: PLC0415
        from training.report import print_summary, write_report  # noqa: PLC0415
    corpus = open_corpus(data, cache, side)
    painter = Painter(weights, device)
    rows = run(painter, corpus, most)
    print_summary(write_report(rows, painter, corpus, f"{weights.name} on {data}", output))
    typer.echo(f"{output}/report.html")


def export(
    recipe: RecipeArgument,
    output: Annotated[Path, typer.Option("--output", "-o", help="The weights file.")] = Path("weights.safetensors"),
    checkpoint: Annotated[Path | None, typer.Option(help="Of the run. [default: its last]")] = None,
    pictures: Annotated[int, typer.Option(help="Validation photographs of each kind to calibrate on.")] = 40,
) -> None:
    """Calibrate a run's averaged weights and write them as a weights file."""
    with _extra():
        from training.export import export as run  # noqa: PLC0415
        from training.recipe import load_colour_recipe  # noqa: PLC0415
    settings = load_colour_recipe(recipe)
    run(settings, checkpoint or settings.runs / settings.name / "last.ckpt", output, pictures=pictures)
    typer.echo(output)


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: install the extra with `pip install 'tintd[train]'`") from error
