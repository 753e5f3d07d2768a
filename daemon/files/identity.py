"""The identity of a file, by which a changed or replaced file is noticed."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file system says of a file: it changes when the file does, and nothing has to be read for it."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Result:
    """A result that was published, or is about to be."""

    path: Path
    identity: Identity


def identify(path: Path) -> Identity | None:
    """The identity of a regular file, or of the one that a link points to; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Identity(found.st_size, found.st_mtime_ns, found.st_ino)
