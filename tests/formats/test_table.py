"""Tests of tests/formats/table.py: docs/formats.md says what the tests prove."""

import pytest

from tests.formats.table import PAGE, Kind, Row, kinds_in, render, rows_of, table_of, with_table


@pytest.mark.parametrize("kind", kinds_in(PAGE.read_text()))
def test_the_page_lists_the_formats(kind: Kind) -> None:
    """If it does not, `python -m tests.formats.table` writes its tables."""
    text = PAGE.read_text()
    assert with_table(text, kind, table_of(kind)) == text


def test_no_format_is_listed_twice() -> None:
    """No format is listed twice."""
    rows = [row for kind in kinds_in(PAGE.read_text()) if kind != "registry" for row in rows_of(kind)]
    assert len({(row.kind, row.format) for row in rows}) == len(rows) > 0


def test_a_new_table_replaces_the_old_one() -> None:
    """The text around the table stays."""
    page = "before\n<!-- formats: films -->\nold\n<!-- /formats -->\nafter\n"
    table = render([Row("films", "DV", "", "MKV")])
    written = with_table(page, "films", table)
    assert written == f"before\n<!-- formats: films -->\n{table}\n<!-- /formats -->\nafter\n"
    assert "| DV | untested | MKV |  |" in table
