"""AVIF (AV1 in HEIF), read and written by libvips, which holds it whole."""

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
    from colorizer.photo.codecs.heif import count_pictures
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.extras import left_out
    from colorizer.photo.picture import Photo

    picture = open_with_vips(source, "heifload_source", opening, whole=True)
    return Photo(AVIF, (picture,), notes=left_out(lambda: count_pictures(source)) + name_behind(source, end_of_boxes))


def _save(image: pyvips.Image, path: Path, photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    depth = 8 if image.format == "uchar" else min(photo.pictures[0].bits, 12)
    save_with_vips(
        image,
        path,
        ".avif",
        Q=settings.heif_quality,
        compression="av1",
        subsample_mode="off",
        bitdepth=depth,
        effort=4,
    )


AVIF = PhotoFormat(
    name="avif",
    title="AVIF",
    suffixes=(".avif",),
    matches=has_brand(b"avif"),
    open=_open,
    save=_save,
    deepest="ushort",
    longest_side=16384,
    decoded_upright=True,
)
