"""The metadata of a JPEG 2000 file: EXIF and XMP, each in a box of its own (ISO/IEC 15444-1, I.7.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_UUIDS = {"xmp": bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), "exif": b"JpgTiffExif->JP2"}
"""XMP, part 3, 1.1.4, and what ExifTool and Exiv2 write."""
_EXIF_HEAD = b"Exif\x00\x00"
_LARGEST = 64 << 20
"""Bytes of metadata that are believed."""


def read_boxes(path: Path) -> dict[str, bytes]:
    """The EXIF and XMP of a file, as far as it has them."""
    with path.open("rb") as file:
        found = {name: content for kind, content in _boxes(file) for name, kind_ in _UUIDS.items() if kind == kind_}
    return {name: _EXIF_HEAD + content if name == "exif" else content for name, content in found.items()}


def append_boxes(path: Path, metadata: dict[str, bytes]) -> None:
    """Give a file without metadata its EXIF and XMP."""
    with path.open("ab") as file:
        for name, content in metadata.items():
            bare = content.removeprefix(_EXIF_HEAD)
            file.write(struct.pack(">I", 24 + len(bare)) + b"uuid" + _UUIDS[name] + bare)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """UUID and content of each box that has one."""
    place = 0
    while len(head := file.read(16)) == 16:
        length = int.from_bytes(head[:4], "big")
        length = int.from_bytes(head[8:], "big") if length == 1 else length
        if length < 8:  # to the end of the file, or damaged
            return
        if head[4:8] == b"uuid" and 24 <= length <= _LARGEST:
            content = head[8:] + file.read(length - 16)
            yield content[:16], content[16:]
        place += length
        file.seek(place)
