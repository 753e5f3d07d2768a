"""The tables of formats in the README: made from the rows that the tests beside this file prove.

`python -m tests.formats.table` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Literal

README = Path(__file__).parents[2] / "README.md"

Kind = Literal["photographs", "films"]


@dataclass(frozen=True, slots=True)
class Row:
    """A format of the table, as people read it."""

    kind: Kind
    format: str
    """Its name, with what is particular about the sample."""
    made_by: str
    """The program that made the sample; empty where none could: then it is untested."""
    result: str
    """The result's format, or `refused` with the reason, or `not yet`."""
    kept: str = ""
    """What is kept, lost or added beside the colour, as far as it does not go without saying."""


def rows_of(kind: Kind) -> tuple[Row, ...]:
    """The rows of a table: `ROWS` of the module of that name beside this file."""
    rows: tuple[Row, ...] = import_module(f"tests.formats.{kind}").ROWS
    return rows


def render(rows: Iterable[Row]) -> str:
    """The rows as a table in Markdown."""
    lines = ["| format | sample made by | result | notes |", "|---|---|---|---|"]
    lines += [f"| {row.format} | {row.made_by or 'untested'} | {row.result} | {row.kept} |" for row in rows]
    return "\n".join(lines)


def told_kinds(readme: str) -> list[Kind]:
    """Which tables the README has places for."""
    found: list[Kind] = re.findall(r"^<!-- formats: (\w+) -->$", readme, re.MULTILINE)
    return found


def with_table(readme: str, kind: Kind, table: str) -> str:
    """The README with a table between `<!-- formats: KIND -->` and `<!-- /formats -->`."""
    opening, closing = f"<!-- formats: {kind} -->\n", "\n<!-- /formats -->"
    before, _, rest = readme.partition(opening)
    _, _, after = rest.partition(closing)
    return before + opening + table + closing + after


def main() -> None:
    """Write the README's tables anew."""
    text = README.read_text()
    for kind in told_kinds(text):
        text = with_table(text, kind, render(rows_of(kind)))
    README.write_text(text)


if __name__ == "__main__":
    main()
