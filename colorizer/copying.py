"""Copy files: their content in blocks, so that the caller can report progress, and their extended attributes."""

from __future__ import annotations

import contextlib
import os
import sys
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


def copy_attributes(source: Path, target: Path) -> None:
    """Copy the extended attributes that people and their programs give to a file (tags, comments).

    Disks that have none, or have no room for more, are no reason to fail.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(source):
            if name.startswith("user."):
                os.setxattr(target, name, os.getxattr(source, name))
