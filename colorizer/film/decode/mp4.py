"""Whether a film of the MP4 family has its end: decoders seldom tell what is cut off from what is damaged."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from colorizer.errors import TruncatedError

_MP4_BEGINNINGS = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes with which files of the MP4 family begin (ISO/IEC 14496-12, and QuickTime's, which is older)."""


def is_mp4(path: Path) -> bool:
    """Whether the file is of the MP4 family, which QuickTime's belong to."""
    with path.open("rb") as file:
        return file.read(8)[4:] in _MP4_BEGINNINGS


def mp4_breaks_off(path: Path) -> bool:
    """Whether a film lacks its end: a box, the samples of a fragment, or the index; False where it is no MP4."""
    if not is_mp4(path):
        return False
    boxes, size = list(_boxes(path)), path.stat().st_size
    kinds = [kind for kind, _ in boxes]
    return b"moov" not in kinds or kinds[-1] == b"moof" or boxes[-1][1] > size


def refuse_cut_mp4(path: Path) -> None:
    """Refuse a film of which nothing can be seen because it lacks its end: it may still be growing.

    Raises:
        TruncatedError: it is an MP4, and does.

    """
    if mp4_breaks_off(path):
        raise TruncatedError(
            f"{path.name}: the film lacks its end or its index (moov): it is cut off, or still being written"
        )


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each outermost box; the last one may end after the file."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + 8 <= size:
            file.seek(place)
            length, kind, large = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
            place = size if length == 0 else place + max(large if length == 1 else length, 8)
            yield kind, place
