"""`tintd history`: show every attempt at files, and what came of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from daemon.commands.client import look_up
from daemon.commands.options import ConfigOption, OptionalPattern
from daemon.commands.printing import printable
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.control_socket import Answer
from daemon.control.status import history_of

_SHOWN = 50
"""Attempts on a terminal; --all and --json show every one."""


def history(
    pattern: OptionalPattern = "*",
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every attempt, not only the latest.")] = False,
) -> None:
    """Show the attempts at files, the latest first: when, by which worker, and with which outcome."""
    most = None if as_json or everything else _SHOWN
    found = look_up(config, "history", lambda journal: history_of(journal, pattern, most), pattern=pattern, most=most)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    table = Table("started", "took", "worker", "file", "outcome", box=None, pad_edge=False, header_style="dim")
    for attempt in found["attempts"]:
        table.add_row(*_row(attempt))
    Console(emoji=False).print(table)


def _row(attempt: Answer) -> tuple[str, ...]:
    started = datetime.fromtimestamp(attempt["begun"], tz=UTC).astimezone()
    took = f"{attempt['ended'] - attempt['begun']:.1f} s" if attempt["ended"] else ""
    outcome = attempt["outcome"] or "running"
    text = ": ".join(filter(None, (outcome, attempt["reason"])))
    return f"{started:%Y-%m-%d %H:%M:%S}", took, attempt["worker"], printable(attempt["file"]), printable(text)
