"""EXIF that is true of a coloured copy: single values are changed in place, so that every other byte keeps its place.

Maker notes hold offsets into the block, which only their camera knows: they stay readable because nothing moves.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from colorizer.photo.blocks.blocks import Truth
from colorizer.photo.blocks.jpeg_segments import START_OF_IMAGE

_BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES, _XMP, _PHOTOSHOP = 258, 262, 274, 277, 700, 34377
_EXIF, _INTEROP, _COLOUR_SPACE, _WIDTH, _HEIGHT = 34665, 40965, 40961, 40962, 40963
_SPACE_OF_SAMPLES = {301, 318, 319, 529, 532, 42240}
"""Tags that describe another colour space than the profile of the result: curve, white, primaries, gamma."""
_ELSEWHERE = {_XMP, _PHOTOSHOP, 34675, 37724}
"""XMP, resources of Photoshop, profile and layers, which a result has in blocks of its own."""
_COMPRESSION, _THUMBNAIL, _THUMBNAIL_SIZE = 259, 513, 514
_SRGB, _UNCALIBRATED = 1, 65535
_INTEROP_INDEX = 1
_MOST_ENTRIES = 4096
_PADDING = 3
"""Most bytes of zero that fill a block up to a multiple of two or four."""


@dataclass(frozen=True, slots=True)
class _Entry:
    tag: int
    type: int
    count: int
    place: int
    """Of the entry in the block."""


class _Block:
    """A TIFF that is changed in place."""

    def __init__(self, content: bytes) -> None:
        self.content = bytearray(content)
        orders = {b"II*\x00": "<", b"MM\x00*": ">"}
        if content[:4] not in orders:
            raise ValueError("no TIFF")
        self.order = orders[content[:4]]
        self.first = self.read("L", 4)

    def read(self, kind: str, place: int) -> int:
        value: int = struct.unpack_from(self.order + kind, self.content, place)[0]
        return value

    def write(self, kind: str, place: int, value: int) -> None:
        struct.pack_into(self.order + kind, self.content, place, value)

    def entries(self, directory: int) -> Iterator[_Entry]:
        count = self.read("H", directory)
        if count > _MOST_ENTRIES:
            raise ValueError("its directory is damaged")
        for place in range(directory + 2, directory + 2 + 12 * count, 12):
            yield _Entry(self.read("H", place), self.read("H", place + 2), self.read("L", place + 4), place)

    def find(self, directory: int, tag: int) -> _Entry | None:
        return next((entry for entry in self.entries(directory) if entry.tag == tag), None)

    def value(self, directory: int, tag: int) -> int | None:
        """The first value of a tag, if it is a whole number that lies in its entry."""
        entry = self.find(directory, tag)
        if entry is None or entry.count != 1 or entry.type not in {3, 4}:
            return None
        return self.read("H" if entry.type == 3 else "L", entry.place + 8)

    def change(self, directory: int, tag: int, value: int) -> None:
        """Give a tag another value, where it is there."""
        entry = self.find(directory, tag)
        if entry is not None and entry.count == 1 and entry.type in {3, 4}:
            self.write("H" if entry.type == 3 else "L", entry.place + 8, value)

    def drop(self, directory: int, tags: set[int]) -> None:
        """Remove tags from a directory: later entries and the pointer behind them move up within it."""
        kept = [entry for entry in self.entries(directory) if entry.tag not in tags]
        count = self.read("H", directory)
        if len(kept) == count:
            return
        end = directory + 2 + 12 * count
        behind = self.content[end : end + 4]
        body = b"".join(bytes(self.content[entry.place : entry.place + 12]) for entry in kept) + behind
        self.write("H", directory, len(kept))
        self.content[directory + 2 : directory + 2 + len(body)] = body
        unused = directory + 2 + len(body)
        self.content[unused : end + 4] = bytes(end + 4 - unused)

    def next_of(self, directory: int) -> int:
        """Place of the pointer to the next directory."""
        return directory + 2 + 12 * self.read("H", directory)


def true_of_copy(exif: bytes, truth: Truth) -> bytes:
    """Change what colouring made untrue.

    Args:
        exif: a TIFF without pictures.
        truth: what is true.

    Returns:
        The block; every value that is not changed has its place.

    Raises:
        ValueError: it is damaged.

    """
    try:
        block = _Block(exif)
        _change_first(block, truth)
        exif_directory = block.value(block.first, _EXIF)
        if exif_directory:
            _change_exif(block, exif_directory, truth)
        _replace_thumbnail(block, truth.thumbnail)
    except (struct.error, IndexError) as error:
        raise ValueError("its directories are damaged") from error
    return bytes(block.content)


def _change_first(block: _Block, truth: Truth) -> None:
    first = block.first
    if block.value(first, _PHOTOMETRIC) in {0, 1}:
        block.change(first, _PHOTOMETRIC, 2)
    block.change(first, _SAMPLES, 3)
    bits = block.find(first, _BITS)
    grey_bits = {_BITS} if bits is not None and bits.count == 1 else set()
    block.drop(first, _SPACE_OF_SAMPLES | _ELSEWHERE | grey_bits)
    if truth.was_turned:
        block.change(first, _ORIENTATION, 1)


def _change_exif(block: _Block, directory: int, truth: Truth) -> None:
    block.change(directory, _COLOUR_SPACE, _SRGB if truth.is_srgb else _UNCALIBRATED)
    block.drop(directory, _SPACE_OF_SAMPLES)
    if truth.size is not None:
        block.change(directory, _WIDTH, truth.size[0])
        block.change(directory, _HEIGHT, truth.size[1])
    interop = block.value(directory, _INTEROP)
    index = block.find(interop, _INTEROP_INDEX) if interop else None
    if index is not None and block.content[index.place + 8 : index.place + 12] == b"R03\x00" and truth.is_srgb:
        block.content[index.place + 8 : index.place + 12] = b"R98\x00"


def _replace_thumbnail(block: _Block, thumbnail: bytes | None) -> None:
    """Put another JPEG in the place of the thumbnail, or leave its directory and its bytes out."""
    pointer = block.next_of(block.first)
    directory = block.read("L", pointer)
    if not directory:
        return
    place, size = block.value(directory, _THUMBNAIL), block.value(directory, _THUMBNAIL_SIZE)
    if place is None or size is None or block.content[place : place + 2] != START_OF_IMAGE:
        block.write("L", pointer, 0)
        return
    behind = block.content[place + size :]
    is_last = len(behind) <= _PADDING and not any(behind)
    if thumbnail is not None and len(thumbnail) > size and not is_last:
        thumbnail = None  # there is no room, and nothing behind it may move
    size = min(size, len(block.content) - place)
    block.content[place : place + size] = bytes(size)
    if is_last:
        del block.content[place:]
    if thumbnail is None:
        block.write("L", pointer, 0)
        return
    block.content[place : place + len(thumbnail)] = thumbnail
    block.change(directory, _THUMBNAIL_SIZE, len(thumbnail))


def orientation_of(exif: bytes | None) -> int:
    """The orientation that a block states, 1 (upright) where it states none, or is damaged."""
    if exif is None:
        return 1
    try:
        block = _Block(exif)
        found = block.value(block.first, _ORIENTATION)
    except (ValueError, struct.error, IndexError):
        return 1
    return found if found is not None and 1 <= found <= 8 else 1


def has_thumbnail(exif: bytes) -> bool:
    """Whether a block has a thumbnail that can be replaced; False for a damaged one."""
    try:
        block = _Block(exif)
        directory = block.read("L", block.next_of(block.first))
        return bool(directory) and block.value(directory, _THUMBNAIL) is not None
    except (ValueError, struct.error, IndexError):
        return False
