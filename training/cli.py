"""Sub-commands of `tintd` that need the extra tintd[train]; its packages are imported when a command runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from colorizer.errors import SettingsError
from colorizer.processors import available_processors, limit_threads

RecipeArgument = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]
WeightsArgument = Annotated[
    Path, typer.Argument(help="The weights file, or `default` for the one that comes with tintd.", show_default=False)
]
CacheOption = Annotated[
    Path | None, typer.Option(help="Folder for decoded photographs.", show_default="the recipe's, or runs/cache")
]


def train(recipe: RecipeArgument) -> None:
    """Train a network with a recipe; an interrupted run resumes."""
    with _extra():
        from training.loop.trainer import train as run  # noqa: PLC0415
        from training.recipe import load_recipe  # noqa: PLC0415 (torch and Lightning are slow to import)
    typer.echo(run(load_recipe(recipe)))


def evaluate(
    weights: WeightsArgument,
    data: Annotated[
        Path,
        typer.Argument(
            help="Folder tree of colour photographs, or a recipe, whose validation photographs are used.",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")] = Path("report"),
    cache: CacheOption = None,
    side: Annotated[int, typer.Option(min=64, help="Larger photographs are shrunk to this short side.")] = 256,
    most: Annotated[
        int | None, typer.Option(min=1, help="Largest number of photographs of each kind.", show_default="all")
    ] = None,
    inception: Annotated[
        Path | None, typer.Option(help="State dict of torchvision's inception_v3, for the Frechet distance.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
) -> None:
    """Measure how a weights file colours photographs.

    It is compared with grey, and with the mean colour by lightness.
    """
    if output.resolve().is_relative_to(data.resolve()):
        raise SettingsError(f"{output}: the report would lie among the photographs; name another folder as `--output`")
    _make_folder(output)
    with _extra():
        from colorizer.model.device import choose_device  # noqa: PLC0415
        from colorizer.weights_path import weights_path  # noqa: PLC0415
        from training.data.sources import as_utf8  # noqa: PLC0415
        from training.measure.evaluation import Recolourer, open_photographs  # noqa: PLC0415
        from training.measure.evaluation import evaluate as run  # noqa: PLC0415
        from training.measure.frechet import Inception  # noqa: PLC0415
        from training.measure.report import print_summary, write_report  # noqa: PLC0415
    judge = Inception(inception, choose_device(device)) if inception is not None else None
    recolourer = Recolourer(weights_path("default" if weights == Path("default") else weights), device)
    corpus = open_photographs(data, side, cache)
    rows = run(recolourer, corpus, most, judge)
    summary, origin = write_report(rows, recolourer, corpus, as_utf8(f"{weights.name} on {data}"), output)
    print_summary(summary)
    typer.echo(origin)
    typer.echo(f"{output}/report.html")


def export(
    source: Annotated[Path, typer.Argument(help="A recipe, or a weights file to write as ONNX.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The file to write.",
            show_default="weights.safetensors, or beside the weights file as .onnx",
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(help="A checkpoint of the recipe's run.", show_default="best.ckpt, or else last.ckpt"),
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="Validation photographs of each kind to calibrate on.")] = 100,
) -> None:
    """Write the weights of a run, or a weights file as ONNX. The weights of a run are calibrated."""
    if source.suffix == ".safetensors":
        _export_onnx(source, _writable(output or source.with_suffix(".onnx")))
        return
    target = _writable(output or Path("weights.safetensors"))
    with _extra():
        from training.export.weights_file import default_checkpoint  # noqa: PLC0415
        from training.export.weights_file import export as run  # noqa: PLC0415
        from training.recipe import load_colour_recipe  # noqa: PLC0415
    recipe = load_colour_recipe(source)
    card = run(recipe, checkpoint or default_checkpoint(recipe), target, pictures=pictures)
    typer.echo(f"{target}: {card.notes['checkpoint']}")


def upright(
    weights: WeightsArgument,
    data: Annotated[
        Path,
        typer.Argument(
            help="Folder tree of upright colour photographs, or a recipe, whose training photographs are used.",
            show_default=False,
        ),
    ],
    cache: CacheOption = None,
    pictures: Annotated[int, typer.Option(min=1, help="Largest number of photographs of each kind.")] = 2500,
    wrong: Annotated[float, typer.Option(min=0, max=0.1, help="Share of upright pictures that may be turned.")] = 0.003,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
) -> None:
    """Fit what finds pictures on their side to a weights file."""
    with _extra():
        from colorizer.weights_path import upright_path, weights_path  # noqa: PLC0415
        from training.export.upright_head import fit_upright as run  # noqa: PLC0415
        from training.measure.evaluation import open_training  # noqa: PLC0415
    path = weights_path("default" if weights == Path("default") else weights)
    target = _writable(upright_path(path))
    figures = run(path, open_training(data, cache), pictures=pictures, wrong=wrong, device=device)
    typer.echo(f"{target}: {figures.describe()}")


def _writable(target: Path) -> Path:
    """Check that a file can be written, before minutes of work."""
    if target.is_dir():
        raise SettingsError(f"{target}: this is a folder; `--output` must name a file")
    if not os.access(target.parent, os.W_OK):
        raise SettingsError(f"{target}: its folder does not exist or cannot be written to")
    return target


def _make_folder(folder: Path) -> None:
    """Make the folder of a report, before minutes of work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder}: the folder of the report cannot be made ({error.strerror})") from error
    if not os.access(folder, os.W_OK):
        raise SettingsError(f"{folder}: cannot be written to; name another folder as `--output`")


def _export_onnx(weights: Path, target: Path) -> None:
    with _extra():
        from training.export.onnx import export_onnx  # noqa: PLC0415
    typer.echo(f"{target}: colours within {export_onnx(weights, target):.3f} ab units of torch's")


@contextmanager
def _extra() -> Iterator[None]:
    """Limit the threads before torch is imported, and explain a package that is not installed."""
    limit_threads(available_processors())
    try:
        yield
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{error.name} is missing: `make training` installs it, or `pip install 'tintd[train]'`"
        ) from error
