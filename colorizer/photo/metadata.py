"""The metadata of a coloured picture: what is taken from the original, and what would not be true of the result."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyvips

from colorizer.photo.blocks.blocks import Blocks, Truth
from colorizer.photo.blocks.photoshop import resources_of, without_thumbnails
from colorizer.photo.formats import TIFF, PhotoFormat
from colorizer.photo.picture import MILLIMETRES, Photo, Picture
from colorizer.photo.tags import COLOUR_SPACE, EXIF, EXTRA_SAMPLES, ORIENTATION, XMP, Tags, exif_of, tags_of_exif
from colorizer.settings import PhotoSettings

_OUTDATED = {
    *("icc-profile-data", "jpeg-thumbnail-data", "jpeg-chroma-subsample", "jpeg-multiscan", "interlaced"),
    *("bits-per-sample", "palette", "palette-bit-depth", "gif-palette", "n-pages", "n-subifds", "heif-compression"),
}
"""Fields of libvips that are not true of the coloured copy of a grey original."""
_SRGB, _UNCALIBRATED = 1, 65535
"""Values of the EXIF tag ColorSpace."""
_IPTC, _PHOTOSHOP = 33723, 34377
_TEXTS = {
    "texts of the PNG": {b"tEXt", b"zTXt", b"iTXt"},
    "boxes of the JPEG 2000 (a catalogue in XML, for instance)": {b"xml ", b"uinf", b"uuid"},
}
_RESOLUTIONS = {b"pHYs", b"res "}
"""Blocks of PNG and JPEG 2000."""


def with_profile(image: pyvips.Image, picture: Picture, result: PhotoFormat, settings: PhotoSettings) -> pyvips.Image:
    """Give a coloured picture the colour profile of the settings, and fields of libvips that are true of it.

    Args:
        image: sRGB, with the original's fields.
        picture: the original's picture.
        result: format of the result.
        settings: name the profile.

    Raises:
        pyvips.Error: the profile cannot be used.

    """
    if picture.extra and result is not TIFF:
        image = image.extract_band(0, n=4 if picture.transparent else 3)
    if image.hasalpha() and not result.holds_alpha:
        white = 65535 if image.format == "ushort" else 255
        image = image.flatten(background=[white])
    image = image.copy()
    for field in _OUTDATED:  # pyvips cannot list the fields: a PNG's may be Latin-1
        image.remove(field)
    if picture.frames == 1 and image.get_typeof("page-height"):
        image.remove("page-height")
    if settings.profile != "srgb" and image.format in {"uchar", "ushort"}:
        depth = 16 if image.format == "ushort" else 8
        return image.icc_transform(os.fspath(settings.profile), input_profile="srgb", depth=depth)
    return image


def blocks_of(source: Path, photo: Photo, picture: Picture, result: PhotoFormat) -> Blocks:
    """The metadata of an original, as far as a result of a format can hold it."""
    header = picture.open()
    if photo.format.read_blocks is not None:
        blocks = photo.format.read_blocks(source)
    else:
        blocks = _blocks_of_image(header, picture)
    if result is photo.format:
        return blocks
    known = header.get_typeof("resolution-unit") or (header.xres != 1.0 and photo.format.read_blocks is None)
    stated = known or any(kind in _RESOLUTIONS for kind, _ in blocks.own)
    counts = {name: sum(kind in kinds for kind, _ in blocks.own) for name, kinds in _TEXTS.items()}
    lost = tuple(f"{name} left out: {count}" for name, count in counts.items() if count)
    resolution = (header.xres * MILLIMETRES, header.yres * MILLIMETRES) if stated else None
    return replace(blocks, own=(), resolution=resolution, notes=blocks.notes + lost)


def _blocks_of_image(image: pyvips.Image, picture: Picture) -> Blocks:
    """The metadata that a decoder gave to an image, or the tags of a page."""
    fields = {
        name: image.get(field)
        for name, field in {"exif": "exif-data", "xmp": "xmp-data", "iptc": "iptc-data"}.items()
        if image.get_typeof(field)
    }
    exif = exif_of(picture.tags) if picture.tags else fields.get("exif", b"")
    record = fields.get("iptc")
    resources = resources_of(record) if record else None
    return Blocks(exif.removeprefix(b"Exif\x00\x00") or None, fields.get("xmp"), resources)


def truth_of(photo: Photo, picture: Picture, settings: PhotoSettings, across: int, thumbnail: bytes | None) -> Truth:
    """What is true of a result, and may not have been of its original.

    Args:
        photo: the original.
        picture: its picture.
        settings: name the profile.
        across: pictures that stand side by side in the result.
        thumbnail: a small version of the result.

    """
    turned = photo.format.decoded_upright
    size = (picture.width * across, picture.height) if turned or across > 1 else None
    return Truth(is_srgb=settings.profile == "srgb", was_turned=turned, size=size, thumbnail=thumbnail)


def with_blocks(image: pyvips.Image, blocks: Blocks) -> pyvips.Image:
    """Give an image blocks that its encoder writes."""
    image = image.copy()
    exif = b"Exif\x00\x00" + blocks.exif if blocks.exif else None
    for field, content in {"exif-data": exif, "xmp-data": blocks.xmp}.items():
        if content:
            image.set_type(pyvips.GValue.blob_type, field, content)
        elif image.get_typeof(field):
            image.remove(field)
    return image


def exif_and_xmp(image: pyvips.Image) -> dict[str, bytes]:
    """The EXIF and XMP of an image, as far as it has them, by the names `exif` and `xmp`."""
    fields = {"exif": "exif-data", "xmp": "xmp-data"}
    return {name: image.get(field) for name, field in fields.items() if image.get_typeof(field)}


_RESOLUTION: Tags = {
    282: {"datatype": 5, "data": [1, 1]},
    283: {"datatype": 5, "data": [1, 1]},
    296: {"datatype": 3, "data": [1]},
}
"""Tags that every TIFF has, and that say of resolution nothing but that samples are square (TIFF 6.0, section 8)."""


def tags_for_tiff(picture: Picture, blocks: Blocks, settings: PhotoSettings) -> Tags:
    """The tags of a result that its encoder does not write: those of an original TIFF, or of another format's blocks.

    The original's tags are not changed.
    """
    tags = picture.tags
    if not tags and blocks.exif:
        tags = tags_of_exif(blocks.exif)
    if blocks.photoshop and not {_IPTC, _PHOTOSHOP} & tags.keys():
        tags = {**tags, _PHOTOSHOP: {"datatype": 1, "data": blocks.photoshop}}
    if blocks.xmp:
        tags = {**tags, XMP: {"datatype": 1, "data": blocks.xmp}}
    if ORIENTATION in tags:  # the decoder may have applied it
        tags = {**tags, ORIENTATION: _short(picture.orientation)}
    if blocks.resolution is None and not _RESOLUTION.keys() & tags.keys():  # its encoder would state one
        tags = {**tags, **_RESOLUTION}
    if picture.extra:
        tags = {**tags, EXTRA_SAMPLES: {"datatype": 3, "data": list(picture.extra)}}
    if isinstance(tags.get(_PHOTOSHOP, {}).get("data"), bytes):
        with contextlib.suppress(ValueError):  # damaged resources are kept as they are
            resources = without_thumbnails(tags[_PHOTOSHOP]["data"])
            tags = {**tags, _PHOTOSHOP: {**tags[_PHOTOSHOP], "data": resources}}
    if EXIF in tags and "ifds" in tags[EXIF]:
        colour_space = _SRGB if settings.profile == "srgb" else _UNCALIBRATED
        groups = [[_with_colour_space(ifd, colour_space) for ifd in group] for group in tags[EXIF]["ifds"]]
        tags = {**tags, EXIF: {**tags[EXIF], "ifds": groups}}
    return tags


def _with_colour_space(directory: dict[str, Any], colour_space: int) -> dict[str, Any]:
    """A directory of EXIF whose colour space, where it has one, is another."""
    if COLOUR_SPACE not in directory["tags"]:
        return directory
    return {**directory, "tags": {**directory["tags"], COLOUR_SPACE: _short(colour_space)}}


def _short(value: int) -> dict[str, Any]:
    """A tag of one 16-bit number."""
    return {"datatype": 3, "data": [value]}
