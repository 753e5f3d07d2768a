"""Write files so that they survive a power cut: first the bytes reach the disk, then the name."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import PlainSerializer, PlainValidator

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Error numbers that only writing causes: a full disk, an exceeded quota, a read-only file system."""


Hex = Annotated[bytes, PlainSerializer(bytes.hex, when_used="json"), PlainValidator(bytes.fromhex)]
"""Bytes that a file in JSON holds as hexadecimal digits."""


def unwritable(message: str) -> OSError | None:
    """The error of a full or read-only disk that a library tells in words alone; None where they tell another."""
    number = next((number for number in UNWRITABLE if os.strerror(number) in message), None)
    if number is None:
        return None
    return OSError(number, f"{os.strerror(number)} (in the output folder, or the temporary one)")


def sync_file(path: Path) -> None:
    """Wait until the bytes of a file are on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk; some network mounts cannot do this, and are skipped."""
    try:
        _sync(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, and wait until they are on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_durably(path: Path, text: str) -> None:
    """Write a small text file, whole or not at all, also while another process writes the same one."""
    with written_whole(path, f".{secrets.token_hex(4)}") as unfinished:
        unfinished.write_text(text)


@contextmanager
def written_whole(path: Path, attempt: str = "") -> Iterator[Path]:
    """Yield a temporary path to write to; the file gets its name afterwards, and is removed after an error.

    Args:
        path: the file.
        attempt: tells this attempt from others at the same time; without it, one that was killed leaves a file that
            the next one overwrites.

    """
    unfinished = path.with_name(f"{path.name}{attempt}.part")
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
