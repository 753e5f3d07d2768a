"""The VIDEO_TS folder of a DVD, which is one film: its title sets, and the files of each."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_NAME = "VIDEO_TS"
_FILE = re.compile(r"(VIDEO_TS|VTS_\d\d_\d)\.(IFO|BUP|VOB)", re.IGNORECASE)
_TITLES = re.compile(r"VTS_(\d\d)_([1-9])\.VOB", re.IGNORECASE)
"""The pictures of a title set: set and part. Part 0 is its menu."""


def is_named_as_disc(path: Path) -> bool:
    """Whether a path has the name of a disc's folder."""
    return path.name.upper() == _NAME


def is_disc(path: Path) -> bool:
    """Whether a path is the VIDEO_TS folder of a disc, with titles in it."""
    return is_named_as_disc(path) and bool(title_sets(path))


def holds_disc(path: Path) -> bool:
    """Whether a path is the folder of a disc, which may still lack its titles: they are copied after the menus."""
    return is_named_as_disc(path) and any(map(_FILE.fullmatch, _names(path)))


def title_sets(path: Path) -> Mapping[int, tuple[Path, ...]]:
    """The files of each title set of a disc in their order, by its number; empty where there is none."""
    sets: defaultdict[int, dict[int, Path]] = defaultdict(dict)
    for name in _names(path):
        if found := _TITLES.fullmatch(name):
            sets[int(found[1])][int(found[2])] = path / name
    return {number: tuple(files[part] for part in sorted(files)) for number, files in sorted(sets.items())}


def files_of_disc(path: Path) -> list[Path]:
    """All files of titles.

    Raises:
        OSError: the folder cannot be read.

    """
    return [file for files in title_sets(path).values() for file in files]


def _names(path: Path) -> list[str]:
    """The names in a folder, sorted; none where it cannot be read."""
    try:
        return sorted(os.listdir(path))  # noqa: PTH208 (names are enough)
    except OSError:
        return []
