"""The tables of docs/formats.md, made from the rows that the tests in this folder prove, and from the registry.

`python -m tests.formats.table` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

from colorizer.photo.formats import FORMATS, format_named

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"

Kind = Literal["photographs", "films", "registry"]
"""A table: the samples of photographs, those of films, or what the registry of photographs says of its formats."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: one format."""

    kind: Kind
    format: str
    """Name of the format, with what is special about the sample."""
    made_by: str
    """Program that makes the sample; empty if there is none: the format is untested."""
    result: str
    """Format of the result, or `refused` with the reason, or `not yet`."""
    kept: str = ""
    """What is kept, lost or added beside the colour, where it is not obvious."""


def rows_of(kind: Kind) -> tuple[Row, ...]:
    """The rows of a table: `ROWS` of the module of that name beside this file."""
    rows: tuple[Row, ...] = import_module(f"tests.formats.{kind}").ROWS
    return rows


def render(rows: Iterable[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = ["| format | sample made by | result | notes |", "|---|---|---|---|"]
    lines += [f"| {row.format} | {row.made_by or 'untested'} | {row.result} | {row.kept} |" for row in rows]
    return "\n".join(lines)


def table_of(kind: Kind) -> str:
    """A table in Markdown."""
    return render_registry() if kind == "registry" else render(rows_of(kind))


def render_registry() -> str:
    """The formats of photographs, from the code that reads and writes them, as a table in Markdown."""
    lines = ["| format | suffixes | format of the result | depth of the result | longest side | EXIF and XMP |"]
    lines += ["|---|---|---|---|---|---|"]
    for one in FORMATS:
        result = one.title if one.save else " or ".join(format_named(name).title for name in one.instead)
        written = one if one.save else format_named(one.instead[0])
        depth = {"uchar": "8 bits", "ushort": "16 bits", "float": "floating point"}[written.deepest]
        longest = f"{written.longest_side} pixels" if written.longest_side else ""
        kept = "kept" if written.keeps_metadata else "left out"
        lines.append(f"| {one.title} | {' '.join(one.all_suffixes)} | {result} | {depth} | {longest} | {kept} |")
    return "\n".join(lines)


def kinds_in(page: str) -> list[Kind]:
    """The kinds whose tables have a place in the page."""
    found: list[Kind] = re.findall(r"^<!-- formats: (\w+) -->$", page, re.MULTILINE)
    return found


def with_table(page: str, kind: Kind, table: str) -> str:
    """The page with a table between `<!-- formats: KIND -->` and `<!-- /formats -->`."""
    opening, closing = f"<!-- formats: {kind} -->\n", "\n<!-- /formats -->"
    before, _, rest = page.partition(opening)
    _, _, after = rest.partition(closing)
    return before + opening + table + closing + after


def main() -> None:
    """Write the tables into the page."""
    text = PAGE.read_text()
    for kind in kinds_in(text):
        text = with_table(text, kind, table_of(kind))
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
