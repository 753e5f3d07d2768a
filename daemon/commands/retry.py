"""`tintd retry`: failed files are tried again."""

from __future__ import annotations

import time
from fnmatch import fnmatch
from typing import Annotated

import typer

from daemon.commands.options import ConfigOption
from daemon.config import DEFAULT_CONFIG, load_config
from daemon.journal import Entry, Journal


def retry(
    pattern: Annotated[str, typer.Argument(help="Path, name or shell pattern of the files; * for all.")] = "*",
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Try failed and skipped files again; a running service takes them up within seconds."""

    def is_meant(entry: Entry) -> bool:
        return any(fnmatch(name, pattern) for name in (str(entry.source), str(entry.path), entry.path.name))

    journal = Journal(load_config(config).state)
    try:
        chosen = journal.retry(time.time(), is_meant)
    finally:
        journal.close()
    typer.echo("1 file waits again" if len(chosen) == 1 else f"{len(chosen)} files wait again")
