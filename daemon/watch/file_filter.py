"""Which files of a watched folder are wanted: by name, by place, and by where links lead."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import cache
from itertools import islice
from pathlib import Path

from daemon.config.settings import Folder

DONE = "done"
"""Folder in a watched folder to which originals move, where that is configured."""

_RUN = 1000
"""Names that are sorted at a time: a folder of any length is walked in the memory of so many."""


def wants(folder: Folder, path: Path) -> bool:
    """Whether a file lies in a watched folder and its name, and those of the folders on its way, are wanted."""
    if not enters(folder, path.parent):
        return False
    return _is_named(path.name, folder.include) and not _is_named(path.name, folder.exclude)


def enters(folder: Folder, place: Path) -> bool:
    """Whether the files of a folder at or below a watched one are looked at."""
    if place == folder.input:
        return True
    if not folder.recursive or not place.is_relative_to(folder.input):
        return False
    parts = place.relative_to(folder.input).parts
    if folder.original == "move" and parts[0] == DONE:
        return False
    return not any(_is_named(part, folder.exclude) for part in parts)


def wanted_at(folder: Folder, path: Path) -> Iterator[Path]:
    """What a hint leads to: the file itself, or all files of a folder that has come; links are left to the scans."""
    if not path.is_relative_to(folder.input) or _has_link(folder, path):
        return
    if os.path.isdir(path):  # noqa: PTH112 (likewise)
        yield from walk(folder, path) if enters(folder, path) else ()
    elif wants(folder, path):
        yield path


def walk(folder: Folder, place: Path, enter: Callable[[os.stat_result], None] = lambda _: None) -> Iterator[Path]:
    """Wanted files at or below a place.

    Args:
        folder: the watched folder.
        place: in it.
        enter: told of each folder that is entered.

    Symbolic links are followed only where that is configured, and then each folder once, so that rings end.

    """
    seen: set[tuple[int, int]] = set()
    waiting = [place]
    while waiting:
        try:
            here = waiting.pop()
            found = here.stat()
            entries = os.scandir(here)
        except OSError:
            continue
        if (found.st_dev, found.st_ino) in seen:
            continue
        if folder.links == "follow":
            seen.add((found.st_dev, found.st_ino))
        enter(found)
        with entries:
            inner: list[Path] = []
            for entry in _in_runs(entries):
                path = Path(entry.path)
                if _is(entry.is_dir, folder):
                    inner += [path] if enters(folder, path) else []
                elif _is(entry.is_file, folder) and wants(folder, path):
                    yield path
        waiting += reversed(inner)


def is_linked(folder: Folder, path: Path) -> bool:
    """Whether a file of a watched folder, or a folder on its way, is a symbolic link that is not to be followed."""
    return folder.links != "follow" and _has_link(folder, path)


def _has_link(folder: Folder, path: Path) -> bool:
    while path != folder.input:
        if os.path.islink(path):  # noqa: PTH114 (False where it cannot be asked; pathlib would raise)
            return True
        path = path.parent
    return False


def _in_runs(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """Entries, sorted by name in runs."""
    while run := list(_readable(islice(entries, _RUN))):
        yield from sorted(run, key=lambda entry: entry.name)


def _readable(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """Entries until the folder cannot be read any more (a network mount that went away)."""
    try:
        yield from entries
    except OSError:
        return


def _is(kind: Callable[..., bool], folder: Folder) -> bool:
    """Whether an entry is a file (or a folder), itself or by a link that is followed."""
    try:
        return kind(follow_symlinks=folder.links == "follow")
    except OSError:
        return False


def _is_named(name: str, patterns: tuple[str, ...]) -> bool:
    return _matcher(patterns).match(name) is not None


@cache
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for many shell patterns; the empty choice matches nothing."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")
