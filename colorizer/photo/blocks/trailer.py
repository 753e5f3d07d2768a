"""What lies behind the end of a JPEG: further pictures in a row, the film of a motion photo, or what nobody knows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from colorizer.photo.blocks.jpeg_segments import END_OF_IMAGE, read_header

_READ = 1 << 20
_START, _END = re.compile(b"\xff\xd8\xff"), re.compile(b"\xff(?:\xd9|\xd8\xff)")
"""The beginning of a picture, and the marker at its end or, where that is missing, the beginning of the next one.
Patterns are found in a quarter of the time that `bytes.find` takes."""
_EDGE = 2
"""Most bytes of a pattern that one read may have where the next one has the others."""
_PADDING = b"\0\xff\r\n "
"""Bytes that say nothing."""
_MOST_FAILED = 1000
"""Beginnings of pictures that are none, after which no more are looked for."""
_FILM, _FILM_WITHIN = b"ftyp", 256
"""The beginning of an MP4 (ISO/IEC 14496-12, 4.3), and in how many bytes it is looked for: a name may come first."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """What lies behind the first picture of a file."""

    begin: int | None
    """Where the first picture ends, behind its marker or where the next one begins; None: nothing is known."""
    pictures: int = 0
    """Number of further pictures."""
    has_film: bool = False
    """Whether a film follows."""
    others: int = 0
    """Number of other bytes."""

    def describe(self, listed: int) -> tuple[str, ...]:
        """Say what of it is not in the result.

        Args:
            listed: number of the further pictures that the file's header lists, and that are counted elsewhere.

        """
        notes = []
        if self.pictures > listed:
            remedy = "cut the file into its pictures, or, if it is a film of JPEGs, name it .mjpg"
            notes.append(f"further pictures behind the first one left out: {self.pictures - listed}; {remedy}")
        if self.has_film:
            notes.append("left out: a film (motion photo)")
        if self.others:
            notes.append(f"left out: {self.others} bytes behind the picture, which tintd does not know")
        return tuple(notes)


def read_trailer(file: BinaryIO, scan: int | None) -> Trailer:
    """Read what lies behind the end of a JPEG, whose first scan begins at a place (see `Header.scan`)."""
    end = None if scan is None else _end_behind(file, scan)
    return Trailer(None) if end is None else Trailer(end, *_count_behind(file, end))


def _count_behind(file: BinaryIO, place: int) -> tuple[int, bool, int]:
    """The number of pictures from a place on, whether a film follows, and the number of other bytes."""
    pictures = others = 0
    for begin, end, is_picture in _parts(file, place):
        if is_picture:
            pictures += 1
            continue
        file.seek(begin)
        head = file.read(min(_FILM_WITHIN, end - begin))
        if _FILM in head:
            return pictures, True, others
        if says_something(file, begin, end):
            others += end - begin
    return pictures, False, others


def _parts(file: BinaryIO, place: int) -> Iterator[tuple[int, int, bool]]:
    """The pictures from a place on, and what lies between them: begin, end, and whether it is a picture."""
    size = file.seek(0, os.SEEK_END)
    begin = found = place
    failed = 0
    while failed < _MOST_FAILED and (start := find(file, _START, found)) is not None:
        scan = read_header(file, start).scan
        if scan is None:
            found, failed = start + 1, failed + 1
            continue
        end = _end_behind(file, scan) or size
        if start > begin:
            yield begin, start, False
        yield start, end, True
        begin = found = end
    if begin < size:
        yield begin, size, False


def _end_behind(file: BinaryIO, scan: int) -> int | None:
    """Where a picture ends whose first scan begins at a place; None where it breaks off."""
    end = find(file, _END, scan)
    if end is None:
        return None
    file.seek(end)
    return end + (len(END_OF_IMAGE) if file.read(len(END_OF_IMAGE)) == END_OF_IMAGE else 0)


def find(file: BinaryIO, wanted: re.Pattern[bytes], place: int) -> int | None:
    """Where some bytes are, from a place on."""
    file.seek(place)
    last = b""
    while content := file.read(_READ):
        if found := wanted.search(last + content[:_EDGE]):  # across the edge between two reads
            return place - len(last) + found.start()
        if found := wanted.search(content):
            return place + found.start()
        place += len(content)
        last = content[-_EDGE:]
    return None


def says_something(file: BinaryIO, begin: int, end: int) -> bool:
    """Whether bytes are more than padding."""
    file.seek(begin)
    while begin < end and (content := file.read(min(_READ, end - begin))):
        if content.strip(_PADDING):
            return True
        begin += len(content)
    return False
