"""What the commands print for people: safe to show on a terminal, and whole in a pipe."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from daemon.files import text as files_text

_PIPE_WIDTH = 100_000
"""Columns where there is no terminal: no line is broken, and no name is cut off."""


def printable(text: str) -> str:
    """The name of a file or a message of a codec, without control characters and markup."""
    return files_text.printable(text).replace("[", r"\[")


def output() -> Console:
    """Standard output: as wide as the terminal; in a pipe or a file, as wide as its lines."""
    made = Console(emoji=False)
    if not made.is_terminal:
        made.width = _PIPE_WIDTH
    return made


def plain_table(*columns: str) -> Table:
    """A plain table."""
    return Table(*columns, box=None, pad_edge=False, header_style="dim")


def local_time(seconds: float) -> str:
    """A time, in seconds since the epoch, as the clock on the wall shows it."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"
