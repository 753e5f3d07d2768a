"""A file that someone dropped: which one it is, and whether it is still the same."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

_WHOLE = 256 << 20
"""Bytes up to which a file is read whole: a scan that was retouched has the same size, and other pixels anywhere."""
_SAMPLE = 1 << 20
"""Bytes that are read at a time, of a larger file only at the beginning, the middle and the end."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file looks like from outside: it changes when the file does, and costs no reading."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Result:
    """A result that was, or is about to be, published."""

    path: Path
    identity: Identity


def identify(path: Path) -> Identity | None:
    """The identity of a regular file, itself or by a link, or None where there is none (any more)."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Identity(found.st_size, found.st_mtime_ns, found.st_ino)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's length and content (a large one's first, middle and last MiB): tells new content from known.

    Raises:
        OSError: the file cannot be read.

    """
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(str(size).encode())
        samples = (0, (size - _SAMPLE) // 2, size - _SAMPLE)
        for start in range(0, size, _SAMPLE) if size <= _WHOLE else samples:
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
