"""`tintd recolor`: colour files again, with other weights or settings."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from colorizer.errors import SettingsError
from daemon.commands.client import confirm, request
from daemon.commands.options import ConfigOption, RequiredPattern, UsageError, YesOption
from daemon.config.colour_choice import read_choice
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def _option(help_: str) -> Any:  # noqa: ANN401 (typer's)
    return typer.Option(help=help_, metavar="VALUE", show_default="as configured")


def recolor(
    pattern: RequiredPattern,
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    vividness: Annotated[str | None, _option("0 (cautious) to 1 (vivid), or auto.")] = None,
    steadiness: Annotated[str | None, _option("For films: 0 (frame by frame) to 1 (steady), or auto.")] = None,
    working_size: Annotated[str | None, _option("Pixels of the short side, auto or native.")] = None,
    yes: YesOption = False,
) -> None:
    """Colour files again with the present weights and settings. The new results replace the old ones.

    The options are for these files alone, and stay with them until they are coloured again.

    """
    given = {"vividness": vividness, "steadiness": steadiness, "working_size": working_size}
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        choice = read_choice(chosen) if chosen else None
    except SettingsError as error:
        raise UsageError(str(error)) from error
    confirm("Colour all files again, and replace their results?", pattern, yes=yes)
    request(config, Action.RECOLOR, pattern, choice=choice)


def again(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Do the same as `tintd recolor`. This name is deprecated; the next release removes it."""
    typer.echo("tintd: `tintd again` is now called `tintd recolor`; the next release removes the old name", err=True)
    recolor(pattern, config, yes=True)
