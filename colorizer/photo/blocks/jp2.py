"""The boxes of a JPEG 2000 file (ISO/IEC 15444-1, annex I): read, and put into the file of an encoder."""

from __future__ import annotations

import io
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.photoshop import iptc_of, resources_of

_EXIF, _XMP = b"JpgTiffExif->JP2", bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""What ExifTool and Exiv2 write, and XMP, part 3, 1.1.4."""
_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
"""The record of IPTC (IIM), as Photoshop and ExifTool write it."""
_HEADER, _RESOLUTION, _UUID = b"jp2h", b"res ", b"uuid"
_KEPT = {b"xml ", b"uinf", _UUID}
"""Boxes that describe the picture, not how it is coded (I.7); libraries keep their catalogue in XML."""
_MOST = 64 << 20
"""Bytes up to which a box of metadata is read."""


def read_jp2(path: Path) -> Blocks:
    """Read the boxes. What cannot be read is left out: its decoder says what is wrong."""
    exif, packet, record = None, None, b""
    own: list[tuple[bytes, bytes]] = []
    with path.open("rb") as file:
        for kind, content in _metadata(file):
            identifier, inside = (content[:16], content[16:]) if kind == _UUID else (b"", content)
            if identifier == _EXIF and exif is None:
                exif = inside.removeprefix(b"Exif\x00\x00")
            elif identifier == _XMP and packet is None:
                packet = inside
            elif identifier == _IPTC and not record:
                record = inside
            else:
                own.append((kind, content))
    return Blocks(exif, packet, resources_of(record) if record else None, own=tuple(own))


def _metadata(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each box that is kept, and of the resolution in the header."""
    for kind, content in _boxes(file, _KEPT | {_HEADER}):
        if kind == _HEADER:
            yield from _boxes(io.BytesIO(content), {_RESOLUTION})
        else:
            yield kind, content


def _boxes(file: BinaryIO, wanted: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of the boxes of some types; a file without boxes has none."""
    place, size = 0, file.seek(0, os.SEEK_END)
    while place + 8 <= size:
        file.seek(place)
        head = file.read(8)
        length, kind, start = int.from_bytes(head[:4], "big"), head[4:], 8
        if length == 1:
            length, start = int.from_bytes(file.read(8), "big"), 16
        if length < start:  # to the end of the file, or damaged
            return
        if kind in wanted and length <= _MOST and place + length <= size:
            yield kind, file.read(length - start)
        place += length


def write_jp2(encoded: Path, blocks: Blocks, target: Path) -> tuple[str, ...]:
    """Copy a JPEG 2000 file, and give it blocks.

    Args:
        encoded: file of an encoder, whose boxes have short lengths.
        blocks: metadata.
        target: file to write.

    Returns:
        Notes on what does not fit into it.

    """
    with encoded.open("rb") as source, target.open("wb") as result:
        _copy_header(source, result, [one for one in blocks.own if one[0] == _RESOLUTION])
        shutil.copyfileobj(source, result, 1 << 20)
        record = iptc_of(blocks.photoshop) if blocks.photoshop else None
        for identifier, content in ((_EXIF, blocks.exif), (_XMP, blocks.xmp), (_IPTC, record)):
            if content:
                result.write(_box(_UUID, identifier + content))
        for kind, content in blocks.own:
            if kind != _RESOLUTION:
                result.write(_box(kind, content))
    return ("comments left out: JPEG 2000 files are written without",) if blocks.comments else ()


def _copy_header(source: BinaryIO, result: BinaryIO, more: list[tuple[bytes, bytes]]) -> None:
    """Copy the boxes up to that of the header, to which some are added."""
    while len(head := source.read(8)) == 8:
        content = source.read(int.from_bytes(head[:4], "big") - 8)
        if head[4:] == _HEADER:
            result.write(_box(_HEADER, content + b"".join(_box(*one) for one in more)))
            return
        result.write(head + content)


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content
