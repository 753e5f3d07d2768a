"""Options that several sub-commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from colorizer.errors import SettingsError, TintdError
from daemon.config.settings import DEFAULT_CONFIG


class UsageError(TintdError):
    """A command was called in a wrong way; it has done nothing."""


_PATTERN = "Path, folder, name or shell pattern of the files; * for all."


def _places() -> list[Path]:
    """The places of a configuration that need not be named, the first that counts first."""
    user = Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config").expanduser()
    return [DEFAULT_CONFIG, user / "tintd" / "config.yaml", Path("/etc/tintd/config.yaml")]


def _find_config(context: typer.Context, parameter: typer.CallbackParam, value: Path) -> Path:
    """The configuration that was named, or the first that there is, whose path is printed if it lies elsewhere.

    Raises:
        SettingsError: none was named, and there is none.

    """
    source = context.get_parameter_source(str(parameter.name))
    if source is None or source.name != "DEFAULT":
        return value
    places = _places()
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        looked = ", ".join(str(place) for place in places)
        raise SettingsError(f"there is no configuration: no {looked}; name one with --config")
    if found != DEFAULT_CONFIG:
        typer.echo(f"configuration: {found}", err=True)
    return found


ConfigOption = Annotated[
    Path,
    typer.Option(
        "--config",
        "-c",
        envvar="TINTD_CONFIG",
        help="The configuration file.",
        callback=_find_config,
        show_default="config.yaml here, in ~/.config/tintd or in /etc/tintd",
    ),
]
OptionalPattern = Annotated[str, typer.Argument(help=_PATTERN)]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before all files are changed.")]
RequiredPattern = Annotated[str, typer.Argument(help=_PATTERN, show_default=False)]
