"""Sun raster, read by Pillow; no common program reads coloured ones, so results are PNGs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.formats.photo_format import Opening, PhotoFormat

if TYPE_CHECKING:
    from colorizer.photo.picture import Photo


def _matches(start: bytes, _file: BinaryIO) -> bool:
    """Whether the header names a depth that Pillow reads."""
    return start[:4] == b"\x59\xa6\x6a\x95" and int.from_bytes(start[12:16]) in {1, 8, 24, 32}


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "SUN", opening)
    return Photo(SUN, (picture,), notes=notes)


SUN = PhotoFormat(
    name="sun",
    title="Sun raster",
    suffixes=(".ras", ".sun"),
    matches=_matches,
    open=_open,
    instead=("png",),
)
