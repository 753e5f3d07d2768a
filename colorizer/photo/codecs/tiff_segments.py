"""The strips and tiles of a TIFF, checked one by one: libtiff fills what it cannot decode, and only warns of it.

Each is decoded by a library that tells how much it decodes, or that has a checksum to compare.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import imagecodecs
import pyvips

from colorizer.errors import MediaError
from colorizer.photo.blocks.jpeg_segments import END_OF_IMAGE, START_OF_IMAGE
from colorizer.photo.codecs.checks import check_messages
from colorizer.photo.codecs.jpeg_stream import JpegStream
from colorizer.photo.codecs.strip_pool import in_threads
from colorizer.photo.tags import (
    BITS,
    COMPRESSION,
    FILL_ORDER,
    HEIGHT,
    JPEG_TABLES,
    PLANES,
    ROWS_PER_STRIP,
    SAMPLES,
    STRIP_OFFSETS,
    STRIP_SIZES,
    T4_OPTIONS,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_SIZES,
    TILE_WIDTH,
    WIDTH,
    Tags,
    number,
)

_BLOCK, _MOST, _MOST_DECODED = 1 << 20, 1 << 31, 1 << 28
"""Bytes that are decompressed at a time, most of a strip, and most of its samples where these are decoded at once."""
_LEAST_WORK = 8
"""How far libjpeg reduces a picture of which only the damage is wanted; libvips leaves out what is less than a line."""
_PADDING = 4
"""Bytes that some programs add to strips, so that the next one begins at a multiple of their number."""
_MORE = 1 << 12
"""Bytes beyond the samples of a strip by which a damaged one is noticed."""
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""The bits of each byte in the opposite order (TIFF 6.0, FillOrder)."""
_LOWEST_FIRST, _SEPARATE = 2, 2


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the samples of a page lie in its strips or tiles."""

    tags: Tags
    width: int
    """Of a strip or tile, in pixels."""
    lines: int
    """Of a strip or tile; the last strip may have fewer."""
    line: int
    """Bytes of a line of samples."""

    @classmethod
    def of(cls, tags: Tags) -> _Layout:
        is_tiled = TILE_OFFSETS in tags
        height = number(tags, HEIGHT, 1)
        width = number(tags, TILE_WIDTH if is_tiled else WIDTH, 1)
        lines = number(tags, TILE_HEIGHT, 1) if is_tiled else min(number(tags, ROWS_PER_STRIP, height), height)
        samples = 1 if number(tags, PLANES, 1) == _SEPARATE else number(tags, SAMPLES, 1)
        return cls(tags, width, max(1, lines), -(-width * samples * number(tags, BITS, 1) // 8))

    def lines_of(self, place: int) -> int:
        """Lines of the strip or tile of this number."""
        if TILE_OFFSETS in self.tags:
            return self.lines
        height = number(self.tags, HEIGHT, 1)
        return min(self.lines, height - place % -(-height // self.lines) * self.lines)

    def sizes_of(self, place: int) -> set[int]:
        """Bytes that its samples may have: some programs fill up the last strip with further lines."""
        return {self.lines_of(place) * self.line, self.lines * self.line}


def check_segments(source: Path, tags: Tags) -> None:
    """Check that all strips or tiles of a page can be decoded, if libtiff does not say it of their compression.

    Args:
        source: the file.
        tags: of the page.

    Raises:
        MediaError: one cannot.
        pyvips.Error: likewise; see `explained`.

    """
    check = _CHECKS.get(number(tags, COMPRESSION, 1))
    pairs = ((TILE_OFFSETS, TILE_SIZES), (STRIP_OFFSETS, STRIP_SIZES))
    places, sizes = next(
        ([tags[tag].get("data", []) for tag in pair] for pair in pairs if pair[0] in tags and pair[1] in tags), ([], [])
    )
    if check is None or len(places) != len(sizes):
        return
    layout = _Layout.of(tags)
    with source.open("rb") as file:
        segments = enumerate(zip(places, sizes, strict=True))
        steps = (partial(_check, check, layout, file, place, *segment) for place, segment in segments)
        try:
            for _ in in_threads(steps):
                pass
        except MediaError as error:
            raise MediaError(f"{source.name}: {error}") from error


def _check(  # noqa: PLR0913, PLR0917 (a step for a thread)
    check: Callable[[_Layout, int, bytes], bool], layout: _Layout, file: BinaryIO, place: int, offset: int, size: int
) -> None:
    """Check a strip or tile; raises MediaError for one that is damaged. Libtiff tells of what is not in the file."""
    content = os.pread(file.fileno(), min(size, _MOST), offset)
    if not content or len(content) < size:
        return
    if number(layout.tags, FILL_ORDER, 1) == _LOWEST_FIRST and check is not _is_whole_jpeg:
        content = content.translate(_REVERSED)
    if not check(layout, place, content):
        name = "tile" if TILE_OFFSETS in layout.tags else "strip"
        raise MediaError(f"the picture is damaged ({name} {place + 1} cannot be decoded)")


def _is_whole_deflate(layout: _Layout, place: int, content: bytes) -> bool:
    """Whether the checksum is right; some programs write none, and then all samples are enough."""
    stream, decoded = zlib.decompressobj(), 0
    try:
        while content:
            decoded += len(stream.decompress(content, _BLOCK))
            content = stream.unconsumed_tail
    except zlib.error:
        return False
    return stream.eof or decoded in layout.sizes_of(place)


def _is_whole_jpeg(layout: _Layout, place: int, content: bytes) -> bool:
    """Whether libjpeg says nothing of a strip, of which the tables may lie in a tag (TIFF Technical Note 2)."""
    header = bytes(layout.tags.get(JPEG_TABLES, {}).get("data", b"")).removesuffix(END_OF_IMAGE)
    whole = header + content.removeprefix(START_OF_IMAGE) if header else content
    stream = JpegStream(lambda size, place: whole[place : place + size], len(whole), whole.rfind(END_OF_IMAGE))
    source = stream.open()
    shrink = 1 if layout.lines_of(place) % _LEAST_WORK or layout.width % _LEAST_WORK else _LEAST_WORK
    pyvips.Image.jpegload_source(source, access="sequential", shrink=shrink, fail_on="warning").copy_memory()
    check_messages()
    stream.check()
    return True


def _is_whole_lzw(layout: _Layout, place: int, content: bytes) -> bool:
    """Whether codes give all samples, and no more: they have no checksum, but damage changes their number."""
    if content[0] == 0 and content[1:2] and content[1] & 1:  # codes of before TIFF 5.0, which libtiff alone reads
        return True
    return _has_size(layout, place, lambda most: imagecodecs.lzw_decode(content, out=most))


def _is_whole_packbits(layout: _Layout, place: int, content: bytes) -> bool:
    """Likewise; zeros that were added behind the codes would be decoded too."""
    zeros = len(content) - len(content.rstrip(b"\0"))
    ends = (len(content) - number for number in range(min(zeros, _PADDING) + 1))
    return any(_has_size(layout, place, partial(_unpacked, content[:end])) for end in ends)


def _unpacked(content: bytes, _most: int) -> bytes | bytearray:
    unpacked: bytes | bytearray = imagecodecs.packbits_decode(content)
    return unpacked


def _has_size(layout: _Layout, place: int, decode: Callable[[int], bytes | bytearray]) -> bool:
    """Whether a strip has all of its samples. What would take much memory is left to libtiff, which reads lines."""
    sizes = layout.sizes_of(place)
    if max(sizes) > _MOST_DECODED:
        return True
    try:
        return len(decode(max(sizes) + _MORE)) in sizes
    except RuntimeError:
        return False


def _is_whole_fax(layout: _Layout, place: int, content: bytes) -> bool:
    """Whether libtiff has no warning for a strip alone: one for the whole file may be about any of its tags."""
    lines = layout.lines_of(place)
    tags = {
        WIDTH: layout.width,
        HEIGHT: lines,
        BITS: 1,
        COMPRESSION: number(layout.tags, COMPRESSION, 1),
        262: 0,
        STRIP_OFFSETS: 0,
        SAMPLES: 1,
        ROWS_PER_STRIP: lines,
        STRIP_SIZES: len(content),
        T4_OPTIONS: number(layout.tags, T4_OPTIONS, 0),
    }
    head = 8 + 2 + 12 * len(tags) + 4
    tags[STRIP_OFFSETS] = head
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
    alone = b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + bytes(4) + content
    pyvips.Image.tiffload_buffer(alone, access="sequential", fail_on="warning").copy_memory()
    return True


_CHECKS: dict[int, Callable[[_Layout, int, bytes], bool]] = {
    **dict.fromkeys((2, 3, 4), _is_whole_fax),
    5: _is_whole_lzw,
    7: _is_whole_jpeg,
    **dict.fromkeys((8, 32946), _is_whole_deflate),
    32773: _is_whole_packbits,
}
"""Checks by compression (TIFF 6.0, and its supplements): each tells whether a strip or tile is whole."""
