"""The identity of a file, by which a changed or replaced file is noticed, and the fingerprint of its content."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

_WHOLE = 256 << 20
"""Bytes up to which a file is read whole: a retouched scan has the same size, and other pixels anywhere."""
_SAMPLE = 1 << 20
"""Bytes that are read at a time; of a larger file only one such piece at the beginning, the middle and the end."""


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


def fingerprint(path: Path) -> str:
    """SHA-256 of the length and the content of a file; of a large one only the first, the middle and the last MiB.

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
