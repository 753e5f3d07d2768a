"""Sub-commands of `tintd` that need the extra tintd[train]; it is imported only when one of them runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colorizer.errors import SettingsError

RecipeArgument = Annotated[Path, typer.Argument(help="The recipe, a YAML file.", show_default=False)]


def train(recipe: RecipeArgument) -> None:
    """Train a network by a recipe; a run that was interrupted goes on where it was."""
    try:
        from training.recipe import load_recipe  # noqa: PLC0415 (torch and Lightning are slow to import)
        from training.trainer import train as run  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(f"{error.name} is missing: install the extra with `pip install 'tintd[train]'`") from error
    folder = run(load_recipe(recipe))
    typer.echo(f"{folder}/last.ckpt")
