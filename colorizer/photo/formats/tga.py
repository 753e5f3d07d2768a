"""Targa (Truevision TGA 2.0), read and written by Pillow."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.formats.photo_format import Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips
    from PIL.Image import Image

    from colorizer.photo.picture import Photo


def _matches(start: bytes, _file: BinaryIO) -> bool:
    """Whether the header, which has no signature, is consistent (table C)."""
    if len(start) < 18:
        return False
    _, has_map, kind, first, length, depth_of_map, *_, width, height, depth, flags = struct.unpack(
        "<BBBHHBHHHHBB", start[:18]
    )
    if not width or not height or flags & 0xC0 or kind not in {1, 2, 3, 9, 10, 11}:
        return False
    if has_map != (kind in {1, 9}) or (not has_map and (first or length or depth_of_map)):
        return False
    return depth in ({8, 16} if kind in {3, 11} else {8} if has_map else {15, 16, 24, 32})


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "TGA", opening, has_unused_alpha=_has_unused_alpha)
    return Photo(TGA, (picture,), notes=notes)


def _has_unused_alpha(source: Path, image: Image) -> bool:
    """Whether the last samples are not alpha: the descriptor counts the bits of alpha (field 5.6)."""
    with source.open("rb") as file:
        descriptor = file.read(18)[17]
    return image.mode in {"LA", "RGBA"} and not descriptor & 0x0F


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import save_with_pillow

    save_with_pillow(image, path, "TGA")


TGA = PhotoFormat(
    name="tga",
    title="TGA",
    suffixes=(".tga",),
    source_suffixes=(".icb", ".vda", ".vst"),
    matches=_matches,
    open=_open,
    save=_save,
    has_signature=False,
    longest_side=65535,
    keeps_metadata=False,
)
