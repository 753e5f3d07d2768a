"""HEIC (HEVC in HEIF), read and written by libheif, which holds it whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.blocks.behind import end_of_boxes, name_behind
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, has_brand
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.decoded import open_decoded
    from colorizer.photo.codecs.heif import count_pictures, read_header
    from colorizer.photo.extras import left_out
    from colorizer.photo.picture import Photo

    picture, notes = open_decoded(source, read_header, opening)
    return Photo(
        HEIC, (picture,), notes=(*notes, *left_out(lambda: count_pictures(source)), *name_behind(source, end_of_boxes))
    )


def _save(image: pyvips.Image, path: Path, _photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.heif import save_heic

    save_heic(image, path, settings.heif_quality)


HEIC = PhotoFormat(
    name="heic",
    title="HEIC",
    suffixes=(".heic", ".heif", ".hif"),
    matches=has_brand(b"heic", b"heix", b"heim", b"heis"),
    open=_open,
    save=_save,
    deepest="ushort",
    longest_side=16384,
    decoded_upright=True,
)
