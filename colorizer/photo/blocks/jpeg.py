"""The metadata of a JPEG: read from its segments (ITU-T T.81, annex B), and put into the file of an encoder."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from colorizer.photo.blocks import xmp
from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.jpeg_segments import (
    APP,
    COMMENT,
    MOST,
    START_OF_IMAGE,
    read_segments,
    segment,
)

_EXIF, _XMP = b"Exif\x00\x00", b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED, _PHOTOSHOP, _PROFILE = b"http://ns.adobe.com/xmp/extension/\x00", b"Photoshop 3.0\x00", b"ICC_PROFILE\x00"
_JFIF, _JFXX, _ADOBE = b"JFIF\x00", b"JFXX\x00", b"Adobe"
_UNTRUE = {
    b"MPF\x00": "",  # the pictures that it lists are counted elsewhere
    b"urn:iso:std:iso:ts:21496:-1\x00": "a map of light (HDR gain map)",
    b"JP": "Content Credentials (C2PA), whose signature is valid for the original alone",
}
"""Segments that are not true of a coloured copy, by their beginnings, and their names for people."""


def read_jpeg(path: Path) -> Blocks:
    """Read the segments before the picture. What cannot be read is left out: its decoder says what is wrong."""
    exif, packet, photoshop = None, None, b""
    comments: list[bytes] = []
    own: list[tuple[bytes, bytes]] = []
    extended: dict[bytes, dict[int, bytes]] = {}
    notes: dict[str, None] = {}
    with path.open("rb") as file:
        for marker, content in filter(_is_metadata, read_segments(file)):
            gone = next((name for start, name in _UNTRUE.items() if content.startswith(start)), None)
            if marker == COMMENT:
                comments.append(content)
            elif content.startswith(_EXIF) and exif is None:
                exif = content[len(_EXIF) :]
            elif content.startswith(_XMP) and packet is None:
                packet = content[len(_XMP) :]
            elif content.startswith(_EXTENDED):
                guid, place = content[35:67], int.from_bytes(content[71:75], "big")
                extended.setdefault(guid, {})[place] = content[75:]
            elif content.startswith(_PHOTOSHOP):
                photoshop += content[len(_PHOTOSHOP) :]
            elif gone is not None:
                notes |= dict.fromkeys([f"left out: {gone}"] if gone else [])
            elif content.startswith(_JFIF):
                own.append((bytes([marker]), content[:12] + b"\x00\x00"))  # without its thumbnail
            elif not content.startswith((_JFXX, _ADOBE, _PROFILE)):
                own.append((bytes([marker]), content))
    packet, said = _whole_packet(packet, extended)
    return Blocks(exif, packet, photoshop or None, tuple(comments), own=tuple(own), notes=(*notes, *said))


def _is_metadata(one: tuple[int, bytes]) -> bool:
    return one[0] in APP or one[0] == COMMENT


def _whole_packet(packet: bytes | None, extended: dict[bytes, dict[int, bytes]]) -> tuple[bytes | None, list[str]]:
    """A packet with the extended part that it names."""
    if packet is None or not extended:
        return packet, []
    try:
        root = xmp.parse(packet)
        wanted = next((value for name, value in xmp.properties(root) if name == xmp.EXTENDED), "")
        parts = extended.get(wanted.encode())
        if parts is None:
            return packet, []
        xmp.merge(root, xmp.parse(b"".join(parts[place] for place in sorted(parts))))
    except ValueError:
        return packet, ["the extended part of its XMP is damaged, and left out"]
    return xmp.serialise(root), []


def write_jpeg(encoded: Path, blocks: Blocks, target: Path) -> tuple[str, ...]:
    """Copy a JPEG, and give it blocks.

    Args:
        encoded: file of an encoder, with a profile at most.
        blocks: metadata.
        target: file to write.

    Returns:
        Notes on what does not fit into a JPEG.

    """
    notes: list[str] = []
    with encoded.open("rb") as source, target.open("wb") as result:
        segments, picture = _parts(source)
        result.write(START_OF_IMAGE)
        for marker, content in _arranged(blocks, segments, notes):
            result.write(segment(marker, content))
        source.seek(picture)
        shutil.copyfileobj(source, result, 1 << 20)
    return tuple(notes)


def _parts(source: BinaryIO) -> tuple[list[tuple[int, bytes]], int]:
    """The first segments of the encoder's file, which are not about its coding, and the place behind them."""
    own: list[tuple[int, bytes]] = []
    place = len(START_OF_IMAGE)
    for marker, content in read_segments(source):
        if marker not in APP:
            break
        own.append((marker, content))
        place = source.tell()
    return own, place


def _arranged(blocks: Blocks, encoders: Sequence[tuple[int, bytes]], notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """The segments of the result in the order that readers expect: JFIF, EXIF, XMP, resources, profile, the others."""
    own = [(kind[0], content) for kind, content in blocks.own]
    jfif = [one for one in own if one[1].startswith(_JFIF)]
    if not jfif and (blocks.resolution or blocks.exif is None):
        jfif = [(0xE0, _jfif(blocks.resolution))]
    yield from jfif
    if blocks.exif is not None:
        if len(blocks.exif) + len(_EXIF) <= MOST:
            yield 0xE1, _EXIF + blocks.exif
        else:
            notes.append("EXIF left out: it is too large for a JPEG")
    if blocks.xmp is not None:
        yield from _packets(blocks.xmp, notes)
    if blocks.photoshop is not None:
        most = MOST - len(_PHOTOSHOP)
        for place in range(0, len(blocks.photoshop), most):
            yield 0xED, _PHOTOSHOP + blocks.photoshop[place : place + most]
    yield from (one for one in encoders if one[1].startswith((_PROFILE, _ADOBE)))
    yield from (one for one in own if not one[1].startswith(_JFIF))
    for comment in blocks.comments:
        yield COMMENT, comment[:MOST]


def _jfif(resolution: tuple[float, float] | None) -> bytes:
    """JFIF's segment with a resolution in pixels an inch, or none (JFIF 1.02)."""
    unit = b"\x01" if resolution else b"\x00"
    density = (min(65535, max(1, round(one))).to_bytes(2, "big") for one in resolution or (1, 1))
    return _JFIF + b"\x01\x02" + unit + b"".join(density) + b"\x00\x00"


def _packets(packet: bytes, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """A packet as segments: one, or more with what does not fit into the first."""
    most = MOST - len(_XMP)
    if len(packet) <= most:
        yield 0xE1, _XMP + packet
        return
    try:
        root = xmp.parse(packet)
    except ValueError:
        notes.append("XMP left out: it is damaged, and too large for a JPEG")
        return
    extended = xmp.divide(root, most - 200)  # the name of the extended part is added
    guid = hashlib.md5(extended, usedforsecurity=False).hexdigest().upper()
    xmp.name_extended(root, guid)
    yield 0xE1, _XMP + xmp.serialise(root)
    size = MOST - len(_EXTENDED) - 40
    for place in range(0, len(extended), size):
        head = _EXTENDED + guid.encode() + len(extended).to_bytes(4, "big") + place.to_bytes(4, "big")
        yield 0xE1, head + extended[place : place + size]
