"""`tintd history`: show every attempt at files, and what came of it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from daemon.commands.client import completed, end_without_match, look_up
from daemon.commands.options import ConfigOption, OptionalPattern
from daemon.commands.printing import local_time, output, plain_table, printable
from daemon.config.settings import DEFAULT_CONFIG, load_config, resolved_if_possible
from daemon.control.control_socket import Answer
from daemon.control.status import describe_line, history_of

_SHOWN = 50
"""Attempts on a terminal; --all and --json show every one."""


def history(
    pattern: OptionalPattern = "*",
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every attempt, not only the latest.")] = False,
    log: Annotated[bool, typer.Option("--log", help="Show what the log says about each of the latest.")] = False,
) -> None:
    """Show each attempt: when, by which worker, with which outcome."""
    pattern = completed(pattern, load_config(config, resolved_if_possible))
    most = None if as_json or everything else _SHOWN
    found = look_up(
        config,
        "history",
        lambda journal: history_of(journal, pattern, most, log=log),
        pattern=pattern,
        most=most,
        log=log,
    )
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    elif found["attempts"]:
        output().print(_table(found))
    if not found["attempts"]:
        end_without_match(pattern, f"no file that matches {pattern} was tried")


def _table(found: Answer) -> Table:
    rows = plain_table("started", "took", "worker", "file", "outcome")
    for attempt in found["attempts"]:
        rows.add_row(*_row(attempt))
        for line in attempt.get("log", []):
            text = "\n".join(map(printable, describe_line(line).splitlines()))
            rows.add_row(local_time(line["at"]), "", line["level"], "", text)
    return rows


def _row(attempt: Answer) -> tuple[str, ...]:
    took = f"{attempt['ended'] - attempt['begun']:.1f} s" if attempt["ended"] else ""
    outcome = attempt["outcome"] or "running"
    text = ": ".join(filter(None, (outcome, attempt["reason"])))
    return local_time(attempt["begun"]), took, attempt["worker"], printable(attempt["file"]), printable(text)
