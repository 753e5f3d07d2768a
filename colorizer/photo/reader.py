"""Opening a photograph's file: its format, its pictures, and whether they may be coloured at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

import pyvips

from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.photo.decoders import look_into
from colorizer.photo.extras import unkept_pictures
from colorizer.photo.formats import PhotoFormat
from colorizer.photo.jpeg_quality import estimate_quality
from colorizer.photo.picture import CONVERTED, Photo, Picture, Sample
from colorizer.photo.tags import SUBFILE_TYPE, Tags, descriptive, number, read_directories, tags_of_raw
from colorizer.photo.tiff import check_page
from colorizer.photo.truncation import photo_breaks_off
from colorizer.settings import PhotoSettings

FailOn = Literal["error", "none"]

_LOADERS = {"jpeg": "jpeg", "png": "png", "tiff": "tiff", "webp": "webp", "gif": "gif", "avif": "heif"}
_WHOLE = {"webp", "gif", "avif"}
"""Formats that libvips holds whole."""
_ANIMATED = {"webp", "gif"}
_SAMPLES: dict[str, tuple[Sample, float]] = {
    "uchar": ("uchar", 255.0),
    "short": ("ushort", 65535.0),
    "ushort": ("ushort", 65535.0),
    "uint": ("ushort", 2.0**32 - 1),
    "float": ("float", 1.0),
    "double": ("float", 1.0),
}
_BRIGHTEST = 16.0
"""Up to this, floating-point samples are those of a picture whose white is 1: four stops beyond it."""
_FEW = 0.1
"""Share of the samples that may be brighter than white in a picture with the sun, or division by zero, in it."""
_XMP_IN_GIF = re.compile(rb"XMP DataXMP(.+?<\?xpacket end=...\?>)", re.DOTALL)
"""The packet in its application extension (XMP, part 3, 1.1.2)."""

pyvips.cache_set_max(0)  # each picture is looked at once


def open_photo(source: Path, name: PhotoFormat, settings: PhotoSettings, fail_on: FailOn = "error") -> Photo:
    """Open a photograph.

    Args:
        source: the file.
        name: its format.
        settings: the limits.
        fail_on: `none` completes what breaks off.

    Raises:
        TruncatedError: the file ends too early.
        UnsupportedError: nothing that tintd can colour.
        MediaError: it is damaged, or too large.

    """
    if name == "tiff":
        return _open_tiff(source, settings)
    if name in {"gif", "pcx"} and photo_breaks_off(source, name):  # whose decoders do not mind
        raise TruncatedError(f"{source.name}: the picture ends too early")
    if name not in _LOADERS:
        return _open_decoded(source, name, settings)
    every = {"n": -1} if name in _ANIMATED else {}
    picture = _open_with_vips(source, name, settings, fail_on, every)
    quality = estimate_quality(source) if name == "jpeg" else None
    lossless = name == "gif" or _is_lossless_webp(source)
    return Photo(name, (picture,), quality=quality, lossless=lossless, notes=unkept_pictures(source, name))


def _open_tiff(source: Path, settings: PhotoSettings) -> Photo:
    """Every page; but not the small copies of pages, which viewers make for themselves."""
    try:
        directories = read_directories(source)
    except EOFError as error:
        raise TruncatedError(f"{source.name}: the picture ends too early ({error})") from error
    except ValueError as error:
        raise MediaError(f"{source.name}: the picture is damaged ({error})") from error
    pages = [page for page, tags in enumerate(directories) if not number(tags, SUBFILE_TYPE, 0) & 1]
    if not pages:
        raise TruncatedError(f"{source.name}: the picture ends too early (no picture is in the file)")
    for page in pages:
        check_page(source.name, directories[page])
    pictures = tuple(
        _open_with_vips(source, "tiff", settings, "error", {"page": page}, descriptive(directories[page]))
        for page in pages
    )
    small = len(directories) - len(pages)
    notes = (f"{small} reduced copies of pages left out",) if small else ()
    return Photo("tiff", pictures, notes=notes)


def _open_with_vips(  # noqa: PLR0913, PLR0917
    source: Path,
    name: PhotoFormat,
    settings: PhotoSettings,
    fail_on: FailOn,
    options: dict[str, int],
    tags: Tags | None = None,
) -> Picture:
    def open_anew() -> pyvips.Image:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            stream = pyvips.Source.new_from_descriptor(descriptor)  # which keeps a duplicate
        finally:
            os.close(descriptor)
        loader = f"{_LOADERS[name]}load_source"
        image = pyvips.Operation.call(loader, stream, access="sequential", fail_on=fail_on, **options)
        return _with_xmp(image, source) if name == "gif" else image

    header = open_anew()
    whole = name in _WHOLE or (header.get_typeof("interlaced") != 0 and header.get("interlaced") == 1)
    _check_size(source, header.width, header.height, settings, whole=whole)
    frames = _frames(header) if name in _ANIMATED else 1
    return _picture(source, open_anew, header, frames=frames, tags=tags)


def _with_xmp(image: pyvips.Image, source: Path) -> pyvips.Image:
    """A GIF with its XMP, which libvips does not read."""
    found = _XMP_IN_GIF.search(source.read_bytes())
    if found:
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, "xmp-data", found[1])
    return image


def _open_decoded(source: Path, name: PhotoFormat, settings: PhotoSettings) -> Photo:
    undecoded = look_into(source, name)
    _check_size(source, undecoded.width, undecoded.height, settings, whole=undecoded.whole)
    decode = cache(undecoded.decode) if undecoded.whole else undecoded.decode
    tags = tags_of_raw(source) if name == "raw" else None
    picture = _picture(source, decode, decode(), white=undecoded.white, tags=tags)
    return Photo(name, (picture,), notes=(*undecoded.notes, *unkept_pictures(source, name)))


def _picture(  # noqa: PLR0913
    source: Path,
    open_anew: Callable[[], pyvips.Image],
    header: pyvips.Image,
    *,
    frames: int = 1,
    white: float | None = None,
    tags: Tags | None = None,
) -> Picture:
    if header.format not in _SAMPLES or (header.format == "short" and header.interpretation not in CONVERTED):
        raise UnsupportedError(f"{source.name}: samples of the type {header.format} are not coloured")
    samples = header.bands - bool(header.hasalpha())
    if samples not in {1, 3} and header.interpretation not in CONVERTED:
        raise UnsupportedError(f"{source.name}: pictures of {samples} samples a pixel are not coloured")
    sample, greatest = _SAMPLES[header.format]
    if sample == "float" and header.interpretation in CONVERTED:
        sample, greatest = "ushort", 65535.0
    if sample == "float":
        greatest = _white(open_anew)
    return Picture(
        open=open_anew,
        width=header.width,
        height=header.height // frames,
        white=white or greatest,
        sample=sample,
        bits=header.get("bits-per-sample") if header.get_typeof("bits-per-sample") else 16 if sample == "ushort" else 8,
        frames=frames,
        orientation=header.get("orientation") if header.get_typeof("orientation") else 1,
        transparent=bool(header.hasalpha()),
        tags=tags or {},
    )


def _white(open_anew: Callable[[], pyvips.Image]) -> float:
    """The white that floating-point samples are meant for, which no file states: 1, 255 or 65535.

    Samples brighter than white belong to it, and stay grey. Raw developers and scanners mean 1 by it, and write lights
    and paper that are brighter. To take 255 for white there would make every colour hundreds of times too strong; a
    picture that counts to 255, and is so dark that 1 is taken for it, stays grey at worst.
    """
    greatest: float = open_anew().max()
    if greatest <= _BRIGHTEST:
        return 1.0
    meant = (white for white in (1.0, 255.0, 65535.0) if (open_anew() > white).avg() <= 255 * _FEW)
    return next(meant, greatest)


def _frames(header: pyvips.Image) -> int:
    height: int = header.get("page-height") if header.get_typeof("page-height") else header.height
    return max(1, int(header.height) // height)


def _check_size(source: Path, width: int, height: int, settings: PhotoSettings, *, whole: bool) -> None:
    megapixels = width * height / 1e6
    if megapixels > settings.max_megapixels:
        raise MediaError(
            f"{source.name}: {megapixels:.0f} megapixels; `max_megapixels` allows {settings.max_megapixels}"
        )
    if whole and megapixels > settings.max_megapixels_whole:
        raise MediaError(
            f"{source.name}: {megapixels:.0f} megapixels in a format that must be held whole in memory; "
            f"`max_megapixels_whole` allows {settings.max_megapixels_whole}. Save it as TIFF"
        )


def _is_lossless_webp(source: Path) -> bool:
    """Whether the first bitstream chunk is VP8L (RFC 9649, 2.6); it may follow an extended header, VP8X."""
    with source.open("rb") as file:
        start = file.read(4096)
    return start[8:12] == b"WEBP" and b"VP8L" in start[12:]
