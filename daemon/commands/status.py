"""`tintd status`: show which files wait, run, are done, or have failed, and why."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from daemon.commands.client import look_up
from daemon.commands.options import ConfigOption
from daemon.commands.printing import printable
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.control_socket import Answer
from daemon.control.status import status_of

_SHOWN = 20
"""Rows of each state on a terminal; --all and --json show every one."""


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the latest 5000 of each state.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every file, not only the latest.")] = False,
) -> None:
    """Show which files wait, run, are done, have failed or were skipped, and why."""
    most = None if as_json or everything else _SHOWN
    found = look_up(config, "status", lambda journal: status_of(journal, most), most=most)
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        _show(found)


def _show(found: Answer) -> None:
    console = Console(emoji=False)
    console.print(printable(_headline(found)), highlight=False)
    for pause in found["paused"]:
        since = datetime.fromtimestamp(pause["since"], tz=UTC).astimezone()
        console.print(printable(f"paused since {since:%Y-%m-%d %H:%M}: {pause['reason']}"), highlight=False)
    console.print(", ".join(f"{number} {state}" for state, number in found["counts"].items()))
    table = Table("state", "file", "details", box=None, pad_edge=False, header_style="dim")
    for state, number in found["counts"].items():
        files = [file for file in found["files"] if file["state"] == state]
        for file in files:
            table.add_row(state, printable(file["file"]), printable(_what(file)))
        if number > len(files):
            table.add_row("", f"and {number - len(files)} more", "")
    console.print(table)


def _headline(found: Answer) -> str:
    """One line about the service."""
    service = found["service"]
    if service is None:
        return "no service is running"
    return f"the service is running (process {service['pid']}): {service['summary']}"


def _what(file: Answer) -> str:
    """The progress or outcome of a file, in a few words."""
    if file["state"] == "running":
        return f"frame {file['frames_done']} of {file['frames'] or 'unknown'}" if file["frames_done"] else "started"
    if file["state"] in {"waiting", "held"}:
        wait = file["due"] - time.time()
        return f"{file['reason'] or ''} (next attempt in {wait:.0f} s)" if wait > 0 else file["reason"] or ""
    if file["state"] == "done":
        return f"{file['output']} ({file['seconds'] or 0:.1f} s)"
    return file["reason"] or ""
