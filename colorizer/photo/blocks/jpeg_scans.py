"""The scans of a progressive JPEG (ITU-T T.81, annex G): each adds detail; no decoder tells that one is missing."""

from __future__ import annotations

import re
from typing import BinaryIO

from colorizer.photo.blocks.jpeg_segments import END_OF_IMAGE, START_OF_SCAN, Header
from colorizer.photo.blocks.trailer import find

_PROGRESSIVE = {0xC2, 0xCA}
"""Markers of the frames of progressive coding (table B.1)."""
_MARKER = re.compile(b"\xff[\x01-\xcf\xd8-\xfe]")
"""A marker that ends the data of a scan."""
_COEFFICIENTS = 64


def lacks_scans(file: BinaryIO, header: Header) -> bool:
    """Whether a progressive picture ends before the last bits of all coefficients have come."""
    marker, frame = header.frame or (0, b"")
    if marker not in _PROGRESSIVE or header.scan is None:
        return False
    missing = {(component, one) for component in frame[6::3] for one in range(_COEFFICIENTS)}
    content, place = header.segments[-1][1], header.scan
    while missing:
        missing -= _completed(content)
        found = _next_scan(file, place)
        if found is None:
            return bool(missing)
        content, place = found
    return False


def _completed(scan: bytes) -> set[tuple[int, int]]:
    """Components and coefficients that a scan completes, by the content of its segment (B.2.3)."""
    number = scan[0] if scan else 0
    if len(scan) < 4 + 2 * number:
        return set()
    first, last, position = scan[1 + 2 * number : 4 + 2 * number]
    if position & 0x0F:  # lower bits are left for another scan
        return set()
    return {(component, one) for component in scan[1 : 1 + 2 * number : 2] for one in range(first, last + 1)}


def _next_scan(file: BinaryIO, place: int) -> tuple[bytes, int] | None:
    """Content of the next scan's segment, and the place behind it; None at the end of the picture."""
    while (place_of_marker := find(file, _MARKER, place)) is not None:
        file.seek(place_of_marker)
        marker = file.read(2)
        if marker == END_OF_IMAGE:
            return None
        size = int.from_bytes(file.read(2), "big")
        content = file.read(max(0, size - 2))
        place = file.tell()
        if marker[1] == START_OF_SCAN:
            return content, place
    return None
