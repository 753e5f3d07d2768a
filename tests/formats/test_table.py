"""Tests of tests/formats/table.py: the README's tables of formats are what the tests prove."""

import pytest

from tests.formats.table import README, Kind, Row, render, rows_of, told_kinds, with_table


@pytest.mark.parametrize("kind", told_kinds(README.read_text()))
def test_the_readme_tells_the_formats(kind: Kind) -> None:
    """Else `python -m tests.formats.table` writes its tables anew."""
    text = README.read_text()
    assert with_table(text, kind, render(rows_of(kind))) == text


def test_every_format_has_a_place_of_its_own() -> None:
    """No format stands in the README twice."""
    rows = [row for kind in told_kinds(README.read_text()) for row in rows_of(kind)]
    assert len({(row.kind, row.format) for row in rows}) == len(rows) > 0


def test_a_table_takes_the_place_of_the_one_before() -> None:
    """What stands around it stays."""
    readme = "before\n<!-- formats: films -->\nold\n<!-- /formats -->\nafter\n"
    table = render([Row("films", "DV", "", "MKV")])
    written = with_table(readme, "films", table)
    assert written == f"before\n<!-- formats: films -->\n{table}\n<!-- /formats -->\nafter\n"
    assert "| DV | untested | MKV |  |" in table
