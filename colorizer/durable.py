"""Writing that survives a power cut: the file's bytes reach the disk, then its name does."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""What only writing is answered: a full disk, a quota, a disk that is read-only."""


def sync_file(path: Path) -> None:
    """Wait until a file's bytes are on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where its file system can tell: some network mounts cannot."""
    try:
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_durably(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    with written_whole(path) as unfinished:
        unfinished.write_text(text)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write a file that gets its name when it is whole; what an error leaves of it is removed."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        yield unfinished
        sync_file(unfinished)
        unfinished.replace(path)
        sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
