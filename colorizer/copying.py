"""A copy of a file, made in pieces, so that whoever waits for it hears that it goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_PIECE = 1 << 20
"""Bytes that are copied at a time."""


def copy_file(source: Path, target: Path, beat: Callable[[], None]) -> None:
    """Copy what a file holds.

    Args:
        source: the file.
        target: what becomes its copy.
        beat: told after each piece: a film of hours, on a slow disk or another machine's, takes its time.

    """
    with source.open("rb") as original, target.open("wb") as copy:
        while piece := original.read(_PIECE):
            copy.write(piece)
            beat()
