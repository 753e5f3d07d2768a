"""The metadata of a coloured picture: what is taken from the original, and what would not be true of the result."""

from __future__ import annotations

import os
from typing import Any

import pyvips

from colorizer.photo.formats import TIFF, PhotoFormat
from colorizer.photo.picture import Photo, Picture
from colorizer.photo.tags import COLOUR_SPACE, EXIF, ORIENTATION, Tags, exif_of, tags_of_exif
from colorizer.settings import PhotoSettings

_OUTDATED = {
    *("icc-profile-data", "jpeg-thumbnail-data", "jpeg-chroma-subsample", "jpeg-multiscan", "interlaced"),
    *("bits-per-sample", "palette", "palette-bit-depth", "gif-palette", "n-pages", "n-subifds", "heif-compression"),
}
"""Fields of libvips that are not true of the coloured copy of a grey original."""
_SRGB, _UNCALIBRATED = 1, 65535
"""Values of the EXIF tag ColorSpace."""


def attach_metadata(
    image: pyvips.Image, photo: Photo, picture: Picture, result: PhotoFormat, settings: PhotoSettings
) -> pyvips.Image:
    """Give a coloured picture the colour profile of the settings, and metadata that is true of it.

    Args:
        image: sRGB, with the original's metadata as far as libvips carries it.
        photo: the original.
        picture: the original's picture.
        result: format of the result.
        settings: name the profile.

    Raises:
        pyvips.Error: the profile cannot be used.

    """
    if image.hasalpha() and not result.holds_alpha:
        white = 65535 if image.format == "ushort" else 255
        image = image.flatten(background=[white])
    image = image.copy()
    for field in _OUTDATED & set(image.get_fields()):
        image.remove(field)
    if picture.frames == 1 and image.get_typeof("page-height"):
        image.remove("page-height")
    if picture.tags and result is not TIFF:
        image.set_type(pyvips.GValue.blob_type, "exif-data", exif_of(picture.tags))
    if photo.format.decoded_upright and image.get_typeof("orientation"):
        image.set("orientation", 1)
    if settings.profile != "srgb" and image.format in {"uchar", "ushort"}:
        depth = 16 if image.format == "ushort" else 8
        return image.icc_transform(os.fspath(settings.profile), input_profile="srgb", depth=depth)
    return image


def exif_and_xmp(image: pyvips.Image) -> dict[str, bytes]:
    """The EXIF and XMP of an image, as far as it has them, by the names `exif` and `xmp`."""
    fields = {"exif": "exif-data", "xmp": "xmp-data"}
    return {name: image.get(field) for name, field in fields.items() if image.get_typeof(field)}


def tags_for_tiff(image: pyvips.Image, picture: Picture, settings: PhotoSettings) -> Tags:
    """The tags of a result that libvips does not write: those of an original TIFF, or of another format's EXIF.

    The original's tags are not changed.
    """
    tags = picture.tags
    if not tags and image.get_typeof("exif-data"):
        tags = tags_of_exif(image.get("exif-data"))
    if ORIENTATION in tags:  # the decoder may have applied it
        tags = {**tags, ORIENTATION: _short(picture.orientation)}
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
