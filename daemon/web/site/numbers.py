"""Numbers as browsers and programs send them."""

from __future__ import annotations

_DIGITS = 18
"""The most digits of a number: SQLite holds all numbers that have no more."""


def read_number(text: str) -> int | None:
    """A number of at most 18 decimal digits, without a sign; None where the text is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
