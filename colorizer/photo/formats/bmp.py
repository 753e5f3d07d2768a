"""BMP, Windows' bitmaps, read and written by Pillow."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.formats.photo_format import Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo

_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}
"""Sizes of the second header, which tell its version."""
_OPAQUE = 255
_HEADERS = 54
"""Bytes of both headers in the version that Windows 3 had."""


def _matches(start: bytes, _file: BinaryIO) -> bool:
    return start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _HEADER_SIZES


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "BMP", opening)
    return Photo(BMP, (picture,), notes=notes + _unread_alpha(source))


def _unread_alpha(source: Path) -> tuple[str, ...]:
    """Name what lies in the fourth bytes of pixels whose header says that they are unused (BITMAPINFOHEADER)."""
    import numpy as np

    with source.open("rb") as file:
        header = file.read(_HEADERS)
        if len(header) < _HEADERS or header[14] != _HEADERS - 14:
            return ()
        place, width, height, _, bits, compression = struct.unpack("<I4xiiHHI", header[10:34])
        if bits != 32 or compression:
            return ()
        file.seek(place)
        fourth = np.frombuffer(file.read(4 * width * abs(height)), np.uint8)[3::4]
    if not fourth.any() or fourth.min() == _OPAQUE:
        return ()
    return ("left out: the fourth bytes of its pixels, which its header does not call transparency",)


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import resolution, save_with_pillow

    save_with_pillow(image, path, "BMP", dpi=resolution(image))


BMP = PhotoFormat(
    name="bmp",
    title="BMP",
    suffixes=(".bmp", ".dib"),
    matches=_matches,
    open=_open,
    save=_save,
    longest_side=32767,
    holds_alpha=False,
    keeps_metadata=False,
)
