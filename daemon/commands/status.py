"""`tintd status`: what is waiting, running, done and failed, and why."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from daemon.commands.options import ConfigOption
from daemon.config import DEFAULT_CONFIG, load_config
from daemon.journal import Entry, Journal

_SHOWN = 20
"""Rows of each state on a terminal; --all and --json show every one."""


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every file, not only the latest.")] = False,
) -> None:
    """Show what is waiting, running, done, failed (and why) and skipped."""
    journal = Journal(load_config(config).state)
    try:
        if as_json:
            typer.echo(json.dumps(_as_json(journal), indent=2))
        else:
            _show(journal, None if everything else _SHOWN)
    finally:
        journal.close()


def _as_json(journal: Journal) -> dict[str, object]:
    entries = journal.entries("running", "queued", "failed", "skipped", "done")
    return {"counts": journal.counts(), "files": [_facts(entry) for entry in entries]}


def _facts(entry: Entry) -> dict[str, object]:
    return {
        "job": entry.id,
        "file": str(entry.source),
        "state": entry.state,
        "attempts": entry.attempts,
        "reason": entry.reason,
        "output": str(entry.output) if entry.output and entry.state == "done" else None,
        "seconds": entry.seconds,
        "frames_done": entry.frames_done,
        "frames": entry.frames,
        "due": entry.due,
        "settings": entry.settings,
        "weights": entry.weights,
        "notes": entry.notes,
    }


def _show(journal: Journal, most: int | None) -> None:
    console = Console(emoji=False)
    counts = journal.counts()
    console.print(", ".join(f"{number} {state}" for state, number in counts.items()))
    table = Table("state", "file", "what", box=None, pad_edge=False, header_style="dim")
    for state in ("running", "queued", "failed", "skipped", "done"):
        for shown, entry in enumerate(journal.entries(state)):
            if most is not None and shown == most:
                table.add_row("", f"and {counts[state] - most} more", "")
                break
            table.add_row(state, _printable(str(entry.source)), _printable(_what(entry)))
    console.print(table)


def _what(entry: Entry) -> str:
    """The news of a file, in a few words."""
    if entry.state == "running":
        return f"frame {entry.frames_done} of {entry.frames or 'unknown'}" if entry.frames_done else "begun"
    if entry.state == "queued":
        wait = entry.due - time.time()
        return f"{entry.reason or ''} (again in {wait:.0f} s)" if wait > 0 else entry.reason or ""
    if entry.state == "done":
        return f"{entry.output} ({entry.seconds or 0:.1f} s)"
    return entry.reason or ""


def _printable(text: str) -> str:
    """A name from outside as it may be shown: no control characters, no markup."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean.replace("[", r"\[")
