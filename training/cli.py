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
    inception: Annotated[
        Path | None, typer.Option(help="State dict of torchvision's inception_v3, for the Frechet distance.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
) -> None:
    """Measure how a weights file colours photographs, beside grey and the mean colour by lightness."""
    with _extra():
        from colorizer.device import choose_device  # noqa: PLC0415
        from training.corpus import open_corpus  # noqa: PLC0415
        from training.evaluation import Painter  # noqa: PLC0415
        from training.evaluation import evaluate as run  # noqa: PLC0415
        from training.frechet import Inception  # noqa: PLC0415
        from training.report import print_summary, write_report  # noqa: PLC0415
    judge = Inception(inception, choose_device(device)) if inception is not None else None
    corpus = open_corpus(data, cache, side)
    painter = Painter(weights, device)
    rows = run(painter, corpus, most, judge)
    print_summary(write_report(rows, painter, corpus, f"{weights.name} on {data}", output))
    typer.echo(f"{output}/report.html")


def export(
    source: Annotated[Path, typer.Argument(help="A recipe, or a weights file to write as ONNX.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="[default: weights.safetensors, or beside the weights file]")
    ] = None,
    checkpoint: Annotated[Path | None, typer.Option(help="Of the recipe's run. [default: its last]")] = None,
    pictures: Annotated[int, typer.Option(help="Validation photographs of each kind to calibrate on.")] = 40,
) -> None:
    """Calibrate a run's averaged weights and write them as a weights file; or write a weights file as ONNX."""
    if source.suffix == ".safetensors":
        _export_onnx(source, output or source.with_suffix(".onnx"))
        return
    with _extra():
        from training.export import export as run  # noqa: PLC0415
        from training.recipe import load_colour_recipe  # noqa: PLC0415
    recipe = load_colour_recipe(source)
    target = output or Path("weights.safetensors")
    run(recipe, checkpoint or recipe.runs / recipe.name / "last.ckpt", target, pictures=pictures)
    typer.echo(target)


def _export_onnx(weights: Path, target: Path) -> None:
    with _extra():
        from training.onnx_export import export_onnx  # noqa: PLC0415
    typer.echo(f"{target}: colours within {export_onnx(weights, target):.3f} ab units of torch's")


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: install the extra with `pip install 'tintd[train]'`") from error
