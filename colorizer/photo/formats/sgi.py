"""SGI (the SGI image file format, 1.00) of 8 bits, read and written by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.formats.photo_format import Opening, PhotoFormat, starts_with
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "SGI", opening)
    return Photo(SGI, (picture,), notes=notes)


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import save_with_pillow

    save_with_pillow(image, path, "SGI")


SGI = PhotoFormat(
    name="sgi",
    title="SGI",
    suffixes=(".sgi", ".rgb", ".rgba"),
    source_suffixes=(".bw",),
    matches=starts_with(b"\x01\xda\x00\x01", b"\x01\xda\x01\x01"),
    open=_open,
    save=_save,
    longest_side=65535,
    keeps_metadata=False,
)
