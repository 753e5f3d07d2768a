"""`tintd pause` and `tintd resume`: start no files for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.commands.client import request
from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.requests import Action


def pause(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Also stop the files that are being coloured. A film resumes where it was.")
    ] = False,
) -> None:
    """Start no more files until `tintd resume`, not even after a restart of the service."""
    request(config, Action.PAUSE_NOW if now else Action.PAUSE)


def resume(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Continue after `tintd pause`."""
    request(config, Action.RESUME)
