"""Where a picture ends in its file, by the lengths that its format states, and what lies behind that."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from colorizer.photo.blocks.trailer import Trailer, says_something

_FILM_BOX, _FILM, _FILM_WITHIN = b"mpvd", b"ftyp", 256
"""Samsung's box of a film in a HEIC, and the beginning of an MP4 (ISO/IEC 14496-12, 4.3) and where it is looked for."""
_CODESTREAM, _START_OF_PART, _END_OF_CODESTREAM = b"\xff\x4f", b"\xff\x90", b"\xff\xd9"
"""Markers of JPEG 2000 (ISO/IEC 15444-1, A.4): its beginning, that of each part of a tile, and its end."""
_HEAD_OF_PART = 8
"""Bytes behind the marker of a part of a tile, of which the last four are its length (A.4.2)."""
_IMAGE, _EXTENSION, _TRAILER, _NOTHING = b",", b"!", b";", b"\0"
"""Blocks of a GIF (GIF89a, appendix A), and what some programs write between them."""


def name_behind(path: Path, find_end: Callable[[BinaryIO], int | None]) -> tuple[str, ...]:
    """Name what lies behind the end of a picture, which is not in its result.

    Args:
        path: of the file.
        find_end: finds the place behind the picture; None where it is not known.

    Returns:
        Notes for the report.

    """
    with path.open("rb") as file:
        end = find_end(file)
        size = file.seek(0, os.SEEK_END)
        if end is None or end >= size or not says_something(file, end, size):
            return ()
        file.seek(end)
        has_film = _FILM in file.read(_FILM_WITHIN)
    return Trailer(end, has_film=has_film, others=0 if has_film else size - end).describe(listed=0)


def end_of_webp(file: BinaryIO) -> int:
    """The end of a RIFF file (RFC 9649, 2.3)."""
    file.seek(4)
    size = int.from_bytes(file.read(4), "little")
    return 8 + size + size % 2


def end_of_gif(file: BinaryIO) -> int | None:
    """The place behind the trailer of a GIF; None where it breaks off."""
    file.seek(10)
    _skip_colours(file, 2)
    while (kind := file.read(1)) != _TRAILER:
        if kind == _NOTHING:
            continue
        if kind == _IMAGE:
            file.seek(8, os.SEEK_CUR)
            _skip_colours(file, 0)
        elif kind != _EXTENSION:
            return None
        file.seek(1, os.SEEK_CUR)  # the label of an extension, or the size of an image's codes
        while size := file.read(1):
            if not size[0]:
                break
            file.seek(size[0], os.SEEK_CUR)
    return file.tell()


def _skip_colours(file: BinaryIO, more: int) -> None:
    """Skip a table of colours, which a byte announces, and some bytes before it."""
    packed = file.read(1)
    file.seek(more, os.SEEK_CUR)
    if packed and packed[0] & 0x80:
        file.seek(3 << ((packed[0] & 7) + 1), os.SEEK_CUR)


def end_of_boxes(file: BinaryIO) -> int | None:
    """The place behind the boxes of a HEIC or AVIF (ISO/IEC 14496-12, 4.2), or where a film of Samsung's begins."""
    size_of_file = file.seek(0, os.SEEK_END)
    place = 0
    while place < size_of_file:
        file.seek(place)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4], "big"), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if kind == _FILM_BOX or size < 8 or not kind.strip(b" ").isalnum() or place + size > size_of_file:
            return place if place and size else None
        place += size
    return place


def end_of_jp2(file: BinaryIO) -> int | None:
    """The place behind the boxes of JPEG 2000, or behind a codestream without them; None where it is not known."""
    file.seek(0)
    if file.read(2) != _CODESTREAM:
        return end_of_boxes(file)
    while (marker := file.read(2)) != _END_OF_CODESTREAM:
        head = file.read(_HEAD_OF_PART)
        is_part = marker == _START_OF_PART
        length = int.from_bytes(head[4:8] if is_part else head[:2], "big")  # a part's counts from its marker
        if len(head) < _HEAD_OF_PART or length < 2:
            return None  # it breaks off, or the last part has no length
        file.seek(length - _HEAD_OF_PART - len(marker) * is_part, os.SEEK_CUR)
    return file.tell()
