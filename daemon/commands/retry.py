"""`tintd retry`: failed files are tried again."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from daemon import wishes
from daemon.commands.options import ConfigOption
from daemon.config import DEFAULT_CONFIG, load_config
from daemon.journal import Journal


def retry(
    pattern: Annotated[str, typer.Argument(help="Path, name or shell pattern of the files; * for all.")] = "*",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Try failed and skipped files again; a running service takes them up within seconds."""
    journal = Journal(load_config(config).state)
    try:
        chosen = wishes.retry(journal, pattern, time.time())
    finally:
        journal.close()
    typer.echo("1 file waits again" if len(chosen) == 1 else f"{len(chosen)} files wait again")
