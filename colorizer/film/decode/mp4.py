"""Whether a film of the MP4 family has its end: decoders seldom tell what is cut off from what is damaged."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from colorizer.errors import TruncatedError
from colorizer.originals import is_of_many_files

_MP4_BEGINNINGS = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes with which files of the MP4 family begin (ISO/IEC 14496-12, and QuickTime's, which is older)."""
_PROJECTIONS = (b"sv3d", b"st3d", bytes.fromhex("ffcc8263f8554a938814587a02521fdd"))
"""Boxes of a projection; the third is the UUID of Google's spherical metadata."""
_PROTECTION = re.compile(rb"sinf.{4}frma", re.DOTALL)
"""The beginning of what says how a track is encrypted (ISO/IEC 14496-12, 8.12)."""
_APERTURE = re.compile(rb"clap(.{16})", re.DOTALL)
_DESCRIPTIONS = re.compile(rb"stsd\0{4}\0{3}([\x02-\x10])", re.DOTALL)
"""The beginning of a few descriptions of samples in one track, with their number (ISO/IEC 14496-12, 8.5.2)."""
_EDITS = re.compile(rb"elst\0...(.{4})", re.DOTALL)
"""The beginning of a list of edits in its usual version, with their number (ISO/IEC 14496-12, 8.6.6)."""
_LONGEST_INDEX = 1 << 26
"""Bytes of an index beyond which it is not searched."""


def is_mp4(path: Path) -> bool:
    """Whether the file is of the MP4 family, which QuickTime's belong to."""
    if is_of_many_files(path):
        return False
    with path.open("rb") as file:
        return file.read(8)[4:] in _MP4_BEGINNINGS


def mp4_breaks_off(path: Path) -> bool:
    """Whether a film lacks its end: a box, the samples of a fragment, or the index; False where it is no MP4."""
    if not is_mp4(path):
        return False
    boxes, size = list(_boxes(path)), path.stat().st_size
    kinds = [kind for kind, _ in boxes]
    return b"moov" not in kinds or kinds[-1] == b"moof" or boxes[-1][1] > size


def mp4_is_encrypted(path: Path) -> bool:
    """Whether the index of a film says that a track is encrypted; False where it is no MP4."""
    return is_mp4(path) and _PROTECTION.search(_index(path)) is not None


def unread_elements(path: Path, width: int, height: int) -> Iterator[str]:
    """What the index of a film says of its picture and libav's Python binding does not pass on, for the report.

    Args:
        path: the film.
        width: of its picture; a crop to all of it says nothing.
        height: likewise.

    """
    if not is_mp4(path):
        return
    index = _index(path)
    if any(mark in index for mark in _PROJECTIONS):
        yield "projection of a spherical or 3D film"
    if any(aperture != (width, height) for aperture in _apertures(index)):
        yield "crop (clean aperture)"
    if any(rate != 1 for rate in _edit_rates(index)):
        yield "speed of a part (edit list)"
    for kinds in _kinds_of_tracks(index):
        if len(kinds) > 1:
            yield f"parts of a track whose codec changes ({', '.join(kinds)})"


def _edit_rates(index: bytes) -> Iterator[int]:
    """The speed of each edit in whole times: 0 is a still."""
    for found in _EDITS.finditer(index):
        (count,) = struct.unpack(">I", found[1])
        edits = index[found.end() : found.end() + 12 * count]
        yield from (rate for _, _, rate, _ in struct.iter_unpack(">Iihh", edits[: len(edits) // 12 * 12]))


def _kinds_of_tracks(index: bytes) -> Iterator[list[str]]:
    """The kinds of samples of each track with several descriptions: libav reads those of one kind."""
    for found in _DESCRIPTIONS.finditer(index):
        kinds, place = dict[str, None](), found.end()
        for _ in range(found[1][0]):
            length, kind = struct.unpack(">I4s", index[place : place + 8].ljust(8, b"\0"))
            kinds[kind.decode("latin-1").strip()] = None
            place += length
        yield list(kinds)


def _apertures(index: bytes) -> Iterator[tuple[float, float]]:
    """Width and height of each clean aperture (ISO/IEC 14496-12, 12.1.4)."""
    for found in _APERTURE.finditer(index):
        width, width_divisor, height, height_divisor = struct.unpack(">4I", found[1])
        if width_divisor and height_divisor:
            yield width / width_divisor, height / height_divisor


def refuse_cut_mp4(path: Path) -> None:
    """Refuse a film of which nothing can be seen because it lacks its end: it may still be growing.

    Raises:
        TruncatedError: it is an MP4, and does.

    """
    if mp4_breaks_off(path):
        raise TruncatedError(
            f"{path.name}: the film lacks its end or its index (moov): it is cut off, or still being written"
        )


def _index(path: Path) -> bytes:
    """The content of the box moov; empty where it is not found."""
    begin = 0
    for kind, end in _boxes(path):
        if kind == b"moov" and end - begin < _LONGEST_INDEX:
            with path.open("rb") as file:
                file.seek(begin)
                return file.read(end - begin)
        begin = end
    return b""


def _boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """Kind and end of each outermost box; the last one may end after the file."""
    size, place = path.stat().st_size, 0
    with path.open("rb") as file:
        while place + 8 <= size:
            file.seek(place)
            length, kind, large = struct.unpack(">I4sQ", file.read(16).ljust(16, b"\0"))
            place = size if length == 0 else place + max(large if length == 1 else length, 8)
            yield kind, place
