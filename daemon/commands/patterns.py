"""The files that a person means on the command line, as the journal knows them: by absolute paths."""

from __future__ import annotations

import os
from collections.abc import Iterable
from glob import escape
from pathlib import Path

EVERYTHING = frozenset({"*", "**"})
"""Patterns that match every file."""


def absolute_pattern(pattern: str, inputs: Iterable[Path], current: Path) -> str:
    """Complete a pattern that is a relative path.

    Args:
        pattern: a name (`cat.jpg`), a path, a folder, or a shell pattern of one of these.
        inputs: the watched folders.
        current: the current folder, from which relative paths start.

    Returns:
        An absolute path or shell pattern, where the pattern leads into a watched folder from the current one, or is
        a folder in a watched one; else the pattern as it is, which matches names and paths in watched folders.

    """
    place = Path(os.path.normpath(current / pattern))
    within = [folder for folder in inputs if place.is_relative_to(folder)]
    if within and (len(Path(pattern).parts) > 1 or os.path.lexists(place)):
        return _with_contents(place)
    for folder in inputs:
        if (folder / pattern).is_dir() and pattern not in EVERYTHING:
            return _with_contents(folder / pattern)
    return pattern


def _with_contents(place: Path) -> str:
    """A path itself, or all that a folder contains."""
    return f"{escape(str(place))}/*" if place.is_dir() else str(place)
