"""The chunks of a WebP (RFC 9649): read, and put into the file of an encoder."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from colorizer.photo.blocks.blocks import Blocks

_HEAD = 12
_OF_PICTURE = {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}
_EXIF_FLAG, _XMP_FLAG = 0x08, 0x04
_MOST = 64 << 20
"""Bytes up to which a chunk of metadata is read."""


def read_webp(path: Path) -> Blocks:
    """Read the chunks. What cannot be read is left out: its decoder says what is wrong."""
    exif, packet = None, None
    own: list[tuple[bytes, bytes]] = []
    with path.open("rb") as file:
        for kind, content in _chunks(file):
            if kind == b"EXIF" and exif is None:
                exif = content.removeprefix(b"Exif\x00\x00")
            elif kind == b"XMP " and packet is None:
                packet = content
            else:
                own.append((kind, content))
    return Blocks(exif, packet, own=tuple(own))


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each chunk that is not of the picture."""
    file.seek(_HEAD)
    while len(head := file.read(8)) == 8:
        kind, size = struct.unpack("<4sI", head)
        padded = size + size % 2
        if kind in _OF_PICTURE or size > _MOST:
            file.seek(padded, 1)
            continue
        content = file.read(size)
        if len(content) < size:
            return
        file.seek(size % 2, 1)
        yield kind, content


def write_webp(encoded: Path, blocks: Blocks, target: Path) -> tuple[str, ...]:
    """Copy a WebP, and give it blocks.

    Args:
        encoded: file of an encoder, whose profile makes it an extended one (2.7).
        blocks: metadata.
        target: file to write.

    Returns:
        Notes on what does not fit into a WebP.

    """
    with encoded.open("rb") as source, target.open("wb") as result:
        head = source.read(_HEAD)
        extended = bytearray(source.read(18))
        if extended[:4] != b"VP8X":
            raise ValueError("the encoder wrote no extended WebP")
        extended[8] |= (_EXIF_FLAG if blocks.exif else 0) | (_XMP_FLAG if blocks.xmp else 0)
        result.write(head + extended)
        shutil.copyfileobj(source, result, 1 << 20)
        for kind, content in ((b"EXIF", blocks.exif), (b"XMP ", blocks.xmp), *blocks.own):
            if content:
                result.write(struct.pack("<4sI", kind, len(content)) + content + b"\x00" * (len(content) % 2))
        size = result.tell()
        result.seek(4)
        result.write(struct.pack("<I", size - 8))
    lost = {"IPTC and other resources of Photoshop": blocks.photoshop, "comments": blocks.comments}
    return tuple(f"{name} left out: WebP files have no place for them" for name, content in lost.items() if content)
