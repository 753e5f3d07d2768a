"""Pictures in a file beside the one that is coloured: the report says how many are left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

Count = TypeVar("Count")


def left_out(count: Callable[[], tuple[int, int]]) -> tuple[str, ...]:
    """Say which pictures of a file are left out.

    Args:
        count: counts its pictures, and its maps of depth or of light (HDR).

    Returns:
        Notes for the report; none for a file that cannot be read, as its decoder says what is wrong.

    """
    pictures, maps = counted_safely(count, (0, 0))
    left = {"further pictures in the file": pictures - 1, "maps of depth or of light (HDR) in the file": maps}
    return tuple(f"{what} left out: {number}" for what, number in left.items() if number > 0)


def counted_safely(count: Callable[[], Count], otherwise: Count) -> Count:
    """What a decoder counts in a file; something else for a file that it cannot read."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return count()
    except Exception:  # noqa: BLE001 (a decoder may raise anything)
        return otherwise
