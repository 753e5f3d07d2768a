"""The segments of a JPEG before its entropy-coded data (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

START_OF_IMAGE, END_OF_IMAGE = b"\xff\xd8", b"\xff\xd9"
START_OF_SCAN, RESTART_INTERVAL, COMMENT = 0xDA, 0xDD, 0xFE
APP = range(0xE0, 0xF0)
FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of the coding processes (table B.1)."""
MOST = 65533
"""Bytes of a segment's content."""

_ALONE = {0x01, *range(0xD0, 0xD8)}
"""Markers without a segment."""


@dataclass(frozen=True, slots=True)
class Header:
    """What lies before the entropy-coded data of a picture."""

    segments: tuple[tuple[int, bytes], ...]
    """Marker and content of each segment up to the first scan's, as far as they can be read."""
    scan: int | None
    """The place of the entropy-coded data in the file; None where no picture begins."""

    @property
    def frame(self) -> tuple[int, bytes] | None:
        """Marker and content of the coding process's segment (B.2.2)."""
        return next((one for one in self.segments if one[0] in FRAMES), None)


def read_header(file: BinaryIO, start: int = 0) -> Header:
    """Read the header of the picture that begins at a place; the position of the file is behind it then."""
    segments = tuple(read_segments(file, start))
    markers = {marker for marker, _ in segments}
    return Header(segments, file.tell() if START_OF_SCAN in markers and markers & FRAMES else None)


def read_segments(file: BinaryIO, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """Marker and content of the segments up to the first scan's, of the picture that begins at a place.

    The position of the file is behind the segment that was yielded last.
    """
    file.seek(start + len(START_OF_IMAGE))
    while file.read(1) == b"\xff":
        while (code := file.read(1)) == b"\xff":
            pass
        if code == START_OF_IMAGE[1:]:  # of another picture
            return
        if not code or code[0] in _ALONE:
            continue
        size = int.from_bytes(file.read(2), "big") - 2
        content = file.read(max(0, size))
        if size < 0 or len(content) < size:
            return
        yield code[0], content
        if code[0] == START_OF_SCAN:
            return


def segment(marker: int, content: bytes) -> bytes:
    """A segment as it lies in a file."""
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def with_height(frame: bytes, height: int) -> bytes:
    """The content of a coding process's segment (B.2.2) with another number of lines."""
    return frame[:1] + height.to_bytes(2, "big") + frame[3:]


def restart(number: int) -> bytes:
    """The marker behind the restart interval of this number; the first is 0."""
    return bytes([0xFF, 0xD0 + number % 8])
