"""Which files of a watched folder are wanted: by name, by place, and by what symbolic links lead to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import cache
from itertools import islice
from pathlib import Path

from colorizer.disc import holds_disc, is_disc
from colorizer.frame_sequence import is_sound, sequence_at
from daemon.config.settings import Folder

DONE = "done"
"""Folder in a watched folder to which originals move, where that is configured."""

_RUN = 1000
"""Names that are sorted at a time, which limits the memory that a folder takes."""


def wants(folder: Folder, path: Path) -> bool:
    """Whether a file lies in a watched folder, and its name and those of its parent folders are wanted.

    Where numbered frames are films, sound is a part of them.
    """
    if not descends(folder, path.parent) or (folder.sequences is not None and is_sound(path)):
        return False
    return _is_named(path.name, folder.include) and not _is_named(path.name, folder.exclude)


def descends(folder: Folder, place: Path) -> bool:
    """Whether a folder, the watched one or one below it, is looked through."""
    if place == folder.input:
        return True
    if not folder.recursive or not place.is_relative_to(folder.input):
        return False
    parts = place.relative_to(folder.input).parts
    if folder.original == "move" and parts[0] == DONE:
        return False
    return not any(_is_named(part, folder.exclude) for part in parts)


def wanted_at(folder: Folder, path: Path) -> Iterator[Path]:
    """The wanted files that an event leads to: the file itself, or all files of a new folder. Scans find links.

    A frame leads to its sequence, and a file of a disc to the disc.
    """
    if not path.is_relative_to(folder.input) or _has_link(folder, path):
        return
    disc = next((place for place in (path, path.parent) if holds_disc(place)), None)
    if disc is not None:
        yield from (disc,) if is_disc(disc) and wants(folder, disc) else ()
    elif os.path.isdir(path):  # noqa: PTH112 (False where it cannot be read; pathlib would raise)
        yield from walk(folder, path) if descends(folder, path) else ()
    elif wants(folder, path):
        yield sequence_of(folder, path) or path


def sequence_of(folder: Folder, path: Path) -> Path | None:
    """The sequence to which a file of a watched folder may belong, by its name; None where frames are photographs."""
    return sequence_at(path) if folder.sequences is not None else None


def walk(
    folder: Folder,
    place: Path,
    enter: Callable[[Path, os.stat_result], None] = lambda *_: None,
    unreadable: Callable[[Path, OSError], None] = lambda *_: None,
) -> Iterator[Path]:
    """Wanted files at or below a place; of numbered frames, their sequence where these are films; discs.

    Symbolic links are followed only where that is configured, and then each folder once, so that cycles end.

    Args:
        folder: the watched folder.
        place: a folder in it.
        enter: called for each folder that is looked through.
        unreadable: called for each folder that cannot be.

    """
    seen: set[tuple[int, int]] = set()
    waiting = [place]
    while waiting:
        try:
            here = waiting.pop()
            found = here.stat()
            entries = os.scandir(here)
        except OSError as error:
            unreadable(here, error)
            continue
        if (found.st_dev, found.st_ino) in seen:
            continue
        if folder.links == "follow":
            seen.add((found.st_dev, found.st_ino))
        enter(here, found)
        if holds_disc(here):
            entries.close()
            yield from (here,) if is_disc(here) and wants(folder, here) else ()
            continue
        with entries:
            inner: list[Path] = []
            alone: dict[Path, Path | None] = {}
            for entry in _in_runs(entries):
                path = Path(entry.path)
                if _is(entry.is_dir, folder):
                    inner += [path] if descends(folder, path) else []
                elif _is(entry.is_file, folder) and wants(folder, path):
                    sequence = None if entry.is_symlink() else sequence_of(folder, path)
                    if sequence is None:
                        yield path
                    else:  # known at the end whether the frame has company
                        alone[sequence] = None if sequence in alone else path
        yield from (frame or sequence for sequence, frame in alone.items())
        waiting += reversed(inner)


def is_followed(folder: Folder, path: Path) -> bool:
    """Whether a path in a watched folder is a symbolic link that is followed, or lies behind one."""
    return folder.links == "follow" and path.is_relative_to(folder.input) and _has_link(folder, path)


def is_linked(folder: Folder, path: Path) -> bool:
    """Whether a file in a watched folder, or one of its parent folders there, is a symbolic link to be ignored."""
    return folder.links != "follow" and _has_link(folder, path)


def _has_link(folder: Folder, path: Path) -> bool:
    while path != folder.input:
        if os.path.islink(path):  # noqa: PTH114 (False where it cannot be read; pathlib would raise)
            return True
        path = path.parent
    return False


def _in_runs(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """Entries, sorted by name in runs."""
    while run := list(_readable(islice(entries, _RUN))):
        yield from sorted(run, key=lambda entry: entry.name)


def _readable(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """Entries, until the folder cannot be read any more because a network mount went away."""
    try:
        yield from entries
    except OSError:
        return


def _is(kind: Callable[..., bool], folder: Folder) -> bool:
    """Whether an entry is a file (or a folder), itself or through a link that is followed."""
    try:
        return kind(follow_symlinks=folder.links == "follow")
    except OSError:
        return False


def _is_named(name: str, patterns: tuple[str, ...]) -> bool:
    return _matcher(patterns).match(name) is not None


@cache
def _matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression for many shell patterns; without patterns, it matches nothing."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)")
