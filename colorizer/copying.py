"""Copy a file in blocks, so that the caller can report progress."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

_BLOCK = 1 << 20
"""Bytes copied at a time."""


def copy_file(source: Path, target: Path, on_progress: Callable[[], None]) -> None:
    """Copy the content of a file.

    Args:
        source: the file.
        target: the copy, which is replaced where it exists.
        on_progress: called after each block; a long film on a slow disk takes minutes.

    Raises:
        OSError: reading or writing fails.

    """
    with source.open("rb") as original, target.open("wb") as copy:
        while block := original.read(_BLOCK):
            copy.write(block)
            on_progress()
