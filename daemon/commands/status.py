"""`tintd status`: show which files wait, run, are done, or have failed, and why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from daemon.commands.client import look_up
from daemon.commands.options import ConfigOption
from daemon.commands.printing import local_time, output, plain_table, printable
from daemon.config.settings import DEFAULT_CONFIG
from daemon.control.control_socket import Answer
from daemon.control.status import status_of
from daemon.files import text as files_text
from daemon.runtime.progress import JobProgress, describe_duration

_SHOWN = 20
"""Rows of each state; --all and --json show every one."""
_WATCHED = 5
"""The same with --watch, so that all states fit on a terminal."""
_WATCH_SECONDS = 1.0


def status(
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: the latest 5000 of each state.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every file, not only the latest.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again every second, until Ctrl-C.")] = False,
) -> None:
    """Show which files wait, run, are done or have failed, and why."""
    most = None if as_json or everything else _WATCHED if watch else _SHOWN
    if watch:
        with suppress(KeyboardInterrupt):
            _watch(config, most, as_json=as_json)
    elif as_json:
        typer.echo(json.dumps(_look_up(config, most), indent=2))
    else:
        output().print(_shown(_look_up(config, most)))


def _watch(config: Path, most: int | None, *, as_json: bool) -> None:
    """Show the status every second: in its place on a terminal, as further lines elsewhere."""
    console = output()
    if console.is_terminal and not as_json:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            for found in _looks(config, most):
                live.update(_shown(found), refresh=True)
    for found in _looks(config, most):
        if as_json:
            typer.echo(json.dumps(found))
        else:
            console.print(_shown(found))


def _looks(config: Path, most: int | None) -> Iterator[Answer]:
    while True:
        yield _look_up(config, most)
        time.sleep(_WATCH_SECONDS)


def _look_up(config: Path, most: int | None) -> Answer:
    return look_up(config, "status", lambda journal: status_of(journal, most), most=most)


def _shown(found: Answer) -> Group:
    """The status for people."""
    lines = [_headline(found)]
    for pause in found["paused"]:
        end = f", until {local_time(pause['until'])}" if pause.get("until") else ""
        lines.append(f"paused since {local_time(pause['since'])}{end}: {pause['reason']}")
    watches = (found["service"] or {}).get("watches", ())
    lines += [f"watched folder {watch['folder']}: {watch['problem']}" for watch in watches if watch["problem"]]
    lines.append(_counts(found))
    return Group(*(Text(files_text.printable(line)) for line in lines), _files(found))


def _headline(found: Answer) -> str:
    """One line about the service."""
    service = found["service"]
    if service is None:
        begun = "; the files that it was colouring go on when it is started again"
        return "no service is running" + (begun if found["counts"].get("running") else "")
    return f"the service is running (process {service['pid']}): {service['summary']}"


def _counts(found: Answer) -> str:
    """The number of files in each state, and the time until all are done."""
    counts = ", ".join(f"{number} {state}" for state, number in found["counts"].items())
    left = found["service"] and found["service"].get("seconds_left")
    return counts if left is None else f"{counts}; about {describe_duration(left)} left"


def _files(found: Answer) -> Table:
    rows = plain_table("state", "file", "details")
    for state, number in found["counts"].items():
        files = [file for file in found["files"] if file["state"] == state]
        for file in files:
            rows.add_row(state, printable(file["file"]), printable(_what(file)))
        if number > len(files):
            rows.add_row("", f"and {number - len(files)} more", "")
    return rows


def _what(file: Answer) -> str:
    """The progress or outcome of a file, in a few words."""
    if file["state"] == "running":
        speed = file.get("frames_per_second")  # known to the service only
        read = file.get("read")
        progress = JobProgress(file["job"], file["file"], "", file["frames_done"], file["frames"], speed, read)
        return progress.describe() or "started"
    if file["state"] in {"waiting", "held"}:
        wait = file["due"] - time.time()
        next_attempt = f"next attempt in {describe_duration(wait)}" if wait > 0 else ""
        return "; ".join(filter(None, (file["reason"], next_attempt)))
    if file["state"] == "done":
        return f"{file['output']} ({file['seconds'] or 0:.1f} s)"
    return file["reason"] or ""
