"""Saving a coloured picture in its format, with the original's metadata."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pillow_heif
import pyvips
from PIL import Image

from colorizer.photo.formats import PILLOW_NAMES
from colorizer.photo.jp2 import append_boxes
from colorizer.photo.picture import Photo, Picture
from colorizer.photo.tags import COLOUR_SPACE, EXIF, ORIENTATION, Tags, exif_of, tags_of_exif
from colorizer.settings import PhotoSettings

_OUTDATED = {
    *("icc-profile-data", "jpeg-thumbnail-data", "jpeg-chroma-subsample", "jpeg-multiscan", "interlaced"),
    *("bits-per-sample", "palette", "palette-bit-depth", "gif-palette", "n-pages", "n-subifds", "heif-compression"),
}
"""What libvips tells of a grey original that is not so of its coloured copy."""
BARE = {"bmp", "tga", "pnm", "pcx", "sgi"}
"""Formats that are written without metadata, but for a BMP's resolution."""
_OPAQUE = {"jpeg", "pnm"}

_OPTIMISED = 50e6
"""Pixels up to which libjpeg may hold a picture's coefficients to choose its Huffman tables."""
_NEARLY_4_GIB = 3.5e9
_DEFAULT_QUALITY = 95
_MILLIMETRES = 25.4
_SRGB = 1
"""In the EXIF tag ColorSpace; 65535 is none of its own."""


def dress(image: pyvips.Image, photo: Photo, picture: Picture, name: str, settings: PhotoSettings) -> pyvips.Image:
    """Give a coloured picture the colour profile that is asked for, and metadata that is true of it.

    Args:
        image: sRGB, with the original's metadata as far as libvips carries it.
        photo: the original.
        picture: of the original.
        name: format of the result.
        settings: name the profile.

    """
    if image.hasalpha() and name in _OPAQUE:
        white = 65535 if image.format == "ushort" else 255
        image = image.flatten(background=[white])
    image = image.copy()
    for field in _OUTDATED & set(image.get_fields()):
        image.remove(field)
    if picture.frames == 1 and image.get_typeof("page-height"):
        image.remove("page-height")
    if picture.tags and name != "tiff":
        image.set_type(pyvips.GValue.blob_type, "exif-data", exif_of(picture.tags))
    if photo.format in {"heic", "raw"} and image.get_typeof("orientation"):
        image.set("orientation", 1)  # turned upright when it was decoded
    if settings.profile != "srgb" and image.format in {"uchar", "ushort"}:
        depth = 16 if image.format == "ushort" else 8
        return image.icc_transform(os.fspath(settings.profile), input_profile="srgb", depth=depth)
    return image


def save(image: pyvips.Image, path: Path, name: str, photo: Photo, settings: PhotoSettings) -> None:
    """Write a coloured picture (see `dress`).

    Args:
        image: uchar, ushort or (TIFF) float.
        path: where to.
        name: of the format.
        photo: the original, for what is taken over from its compression.
        settings: of the compression.

    """
    if name in PILLOW_NAMES:
        dpi = (image.xres * _MILLIMETRES, image.yres * _MILLIMETRES)
        Image.fromarray(image.numpy()).save(path, PILLOW_NAMES[name], **({"dpi": dpi} if name == "bmp" else {}))
        if name == "jp2":
            append_boxes(path, _metadata(image))
    elif name == "pnm":
        _save_pnm(image, path, photo.pictures[0].white)
    elif name == "heic":
        _save_heic(image, path, settings)
    else:
        _save_with_vips(image, path, name, _options(image, name, photo, settings))


def _save_with_vips(image: pyvips.Image, path: Path, name: str, options: dict[str, Any]) -> None:
    if not image.get_typeof("icc-profile-data"):
        options["profile"] = "srgb"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        target = pyvips.Target.new_to_descriptor(descriptor)
        image.write_to_target(target, f".{name}", **options)
    finally:
        os.close(descriptor)


def _options(image: pyvips.Image, name: str, photo: Photo, settings: PhotoSettings) -> dict[str, Any]:
    """The options of a format, for libvips."""
    pixels = image.width * image.height
    if name == "jpeg":
        estimated = photo.quality or _DEFAULT_QUALITY
        quality = estimated if settings.jpeg_quality == "auto" else settings.jpeg_quality
        return {"Q": quality, "subsample_mode": "off", "optimize_coding": pixels < _OPTIMISED}
    if name == "webp":
        return {"Q": settings.webp_quality, "lossless": photo.lossless, "exact": True}
    if name == "tiff":
        size = pixels * image.bands * {"uchar": 1, "ushort": 2, "float": 4}[image.format]
        predictor = "float" if image.format == "float" else "horizontal"
        return {"compression": "deflate", "predictor": predictor, "bigtiff": size > _NEARLY_4_GIB}
    if name == "avif":
        bits = photo.pictures[0].bits
        depth = 8 if image.format == "uchar" else min(bits, 12)
        return {
            "Q": settings.heif_quality,
            "compression": "av1",
            "subsample_mode": "off",
            "bitdepth": depth,
            "effort": 4,
        }
    return {}


def _save_pnm(image: pyvips.Image, path: Path, white: float) -> None:
    """Write a binary PPM (netpbm's ppm(5)), whose samples are big-endian."""
    greatest = int(white) if image.format == "ushort" or white < 256 else 255
    with path.open("wb") as file:
        file.write(b"P6\n%d %d\n%d\n" % (image.width, image.height, greatest))
        file.flush()
        target = pyvips.Target.new_to_descriptor(file.fileno())
        (image.byteswap() if image.format == "ushort" else image).rawsave_target(target)


def _save_heic(image: pyvips.Image, path: Path, settings: PhotoSettings) -> None:
    mode = ("RGBA" if image.hasalpha() else "RGB") + (";16" if image.format == "ushort" else "")
    picture = pillow_heif.from_bytes(mode, (image.width, image.height), image.numpy().tobytes())
    profile = {"icc_profile": image.get("icc-profile-data")} if image.get_typeof("icc-profile-data") else {}
    with path.open("wb") as file:
        # Phones decode no other than 4:2:0.
        picture.save(file, quality=settings.heif_quality, chroma=420, **_metadata(image), **profile)


def _metadata(image: pyvips.Image) -> dict[str, bytes]:
    """EXIF and XMP, as far as there are any."""
    fields = {"exif": "exif-data", "xmp": "xmp-data"}
    return {name: image.get(field) for name, field in fields.items() if image.get_typeof(field)}


def tags_for_tiff(image: pyvips.Image, picture: Picture, settings: PhotoSettings) -> Tags:
    """The tags that libvips does not write: an original TIFF's own, or those of another format's EXIF."""
    tags = picture.tags
    if not tags and image.get_typeof("exif-data"):
        tags = tags_of_exif(image.get("exif-data"))
    if ORIENTATION in tags:  # which a decoder may have seen to
        tags = {**tags, ORIENTATION: {"datatype": 3, "data": [picture.orientation]}}
    for group in tags.get(EXIF, {}).get("ifds", []):
        for directory in group:
            if COLOUR_SPACE in directory["tags"]:
                said = _SRGB if settings.profile == "srgb" else 65535
                directory["tags"][COLOUR_SPACE] = {"datatype": 3, "data": [said]}
    return tags
