"""`tintd recolor`: colour files again, with other weights or settings."""

from __future__ import annotations

import typer

from daemon.commands.client import confirm, request
from daemon.commands.options import ConfigOption, RequiredPattern, YesOption
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def recolor(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG, *, yes: YesOption = False) -> None:
    """Colour files again with the present weights and settings. The new results replace the old ones."""
    confirm("Colour all files again, and replace their results?", pattern, yes=yes)
    request(config, Action.RECOLOR, pattern)


def again(pattern: RequiredPattern, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Do the same as `tintd recolor`. This name is deprecated; the next release removes it."""
    typer.echo("tintd: `tintd again` is now called `tintd recolor`; the next release removes the old name", err=True)
    recolor(pattern, config, yes=True)
