"""JPEG (ITU-T T.81), read and written by libvips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.blocks.jpeg import read_jpeg, write_jpeg
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, starts_with
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo

_DEFAULT_QUALITY = 95
_OPTIMISED_PIXELS = 50e6
"""Pixels up to which libjpeg may hold the coefficients of a picture, to optimise its Huffman tables."""


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.jpeg_quality import estimate_quality
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.extras import left_out
    from colorizer.photo.picture import Photo

    picture = open_with_vips(source, "jpegload_source", opening)
    notes = left_out(lambda: (_count_pictures(source), 0))
    return Photo(JPEG, (picture,), quality=estimate_quality(source), notes=notes)


def _count_pictures(source: Path) -> int:
    """Pictures of a Multi-Picture file (CIPA DC-007), without the previews that most cameras write."""
    from PIL import Image

    with Image.open(source, formats=["JPEG"]) as image:
        entries = (getattr(image, "mpinfo", None) or {}).get(0xB002, ())
        return sum("Thumbnail" not in entry["Attribute"]["MPType"] for entry in entries)


def _save(image: pyvips.Image, path: Path, photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    estimated = photo.quality or _DEFAULT_QUALITY
    quality = estimated if settings.jpeg_quality == "auto" else settings.jpeg_quality
    optimised = image.width * image.height < _OPTIMISED_PIXELS
    save_with_vips(image, path, ".jpeg", keep="icc", Q=quality, subsample_mode="off", optimize_coding=optimised)


JPEG = PhotoFormat(
    name="jpeg",
    title="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    matches=starts_with(b"\xff\xd8\xff"),
    open=_open,
    save=_save,
    longest_side=65535,
    holds_alpha=False,
    can_be_completed=True,
    read_blocks=read_jpeg,
    write_blocks=write_jpeg,
)
