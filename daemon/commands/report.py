"""`tintd report`: one line for each file, for spreadsheets and scripts."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from daemon.commands.client import completed, end_without_match
from daemon.commands.options import ConfigOption, OptionalPattern
from daemon.commands.patterns import EVERYTHING
from daemon.commands.printing import output, plain_table, printable
from daemon.config.settings import DEFAULT_CONFIG, load_config, resolved_if_possible
from daemon.files.text import storable
from daemon.journal.reader import JournalReader, ReportRow, opened_to_read
from daemon.journal.requests import name_filter

_COLUMNS = ("file", "state", "reason", "result", "notes", "found", "ended", "seconds", "attempts")


def report(
    pattern: OptionalPattern = "*",
    config: ConfigOption = DEFAULT_CONFIG,
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV (RFC 4180) instead of a table.")] = False,
) -> None:
    """Print a line for each file: state, reason, result, notes, times."""
    settings = load_config(config, resolved_if_possible)
    pattern = completed(pattern, settings)
    with opened_to_read(settings.state) as journal:
        rows = [_texts(row) for row in _matching(journal, pattern)]
    if not rows:
        end_without_match(pattern, f"no file matches {pattern}")
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(_COLUMNS)
        writer.writerows(rows)
        return
    shown = plain_table(*_COLUMNS)
    for row in rows:
        shown.add_row(*map(printable, row))
    output().print(shown)


def _matching(journal: JournalReader, pattern: str) -> Iterator[ReportRow]:
    matches = name_filter(journal, pattern)
    for row in journal.report():
        if pattern in EVERYTHING or matches(str(row.file)) or matches(row.file.name):
            yield row


def _texts(row: ReportRow) -> list[str]:
    """The columns; a name that is not UTF-8 is shown with question marks."""
    return [
        storable(str(row.file)) or "",
        row.state,
        row.reason or "",
        storable(str(row.output)) or "" if row.output else "",
        "; ".join(row.notes),
        _time(row.found),
        _time(row.ended),
        "" if row.seconds is None else f"{row.seconds:.1f}",
        str(row.attempts),
    ]


def _time(seconds: float | None) -> str:
    """A time as ISO 8601 has it, in local time with its offset from UTC."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, tz=UTC).astimezone().isoformat(timespec="seconds")
