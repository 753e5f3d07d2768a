"""A folder as one ZIP that is made while it is sent: nothing of it is stored, however large it is."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 1 << 20
"""Bytes that are read at a time."""


def archived(folder: Path) -> Iterator[bytes]:
    """The bytes of a ZIP of the files of a folder, below the folder's name; films and frames are not compressed.

    Links and folders in it are left out: they may lead to files that are nobody's business.

    Raises:
        OSError: a file cannot be read; the archive is then incomplete.

    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink()):
            entry = zipfile.ZipInfo.from_file(path, f"{folder.name}/{path.name}", strict_timestamps=False)
            with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as packed:
                while block := file.read(_BLOCK):
                    packed.write(block)
                    yield sink.take()
            yield sink.take()
    yield sink.take()


class _Sink(io.RawIOBase):
    """What was written since it was last asked for; it cannot be moved in, so that the archive needs no seeking."""

    def __init__(self) -> None:
        super().__init__()
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: object, /) -> int:
        block = bytes(memoryview(content))  # type: ignore[arg-type] # any buffer
        self._held += block
        return len(block)

    def take(self) -> bytes:
        held, self._held = bytes(self._held), bytearray()
        return held
