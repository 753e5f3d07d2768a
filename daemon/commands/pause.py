"""`tintd pause` and `tintd resume`: no file is begun for a while."""

from __future__ import annotations

from typing import Annotated

import typer

from daemon.commands.client import wish_for
from daemon.commands.options import ConfigOption
from daemon.config.settings import DEFAULT_CONFIG


def pause(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="Put back what is being coloured; a film goes on from its last segment.")
    ] = False,
) -> None:
    """Begin no more files, until `tintd resume`; a restart changes nothing of it."""
    wish_for(config, "pause now" if now else "pause")


def resume(config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Go on after `tintd pause`."""
    wish_for(config, "resume")
