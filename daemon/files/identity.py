"""The identity of a file, by which a changed or replaced file is noticed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from colorizer.originals import state_of


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file system says of a file: it changes when the file does, and nothing has to be read for it."""

    size: int
    mtime_ns: int
    inode: int
    """Of an original of many files, a number that stands for their names, sizes and times."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result that was published, or is about to be."""

    path: Path
    identity: Identity


def identify(path: Path) -> Identity | None:
    """The identity of an original or of another regular file, also behind a link; None where there is none."""
    try:
        found = state_of(path)
    except OSError:
        return None
    return Identity(found.size, found.mtime_ns, found.key)


def exists(path: Path) -> bool:
    """Whether an original lies at a path, or anything else does."""
    return os.path.lexists(path) or identify(path) is not None
