"""Checks of a photograph before its picture is decoded."""

from __future__ import annotations

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pyvips
import torch

from colorizer.errors import MediaError, TruncatedError
from colorizer.photo.blocks.jpeg_segments import END_OF_IMAGE, START_OF_IMAGE
from colorizer.photo.formats.photo_format import PhotoFormat
from colorizer.photo.tags import JPEG_TABLES, STRIP_OFFSETS, STRIP_SIZES, Tags
from colorizer.settings import PhotoSettings

_BLOCK, _MOST_STRIP = 1 << 20, 1 << 31
"""Bytes that are decompressed at a time, and most of a strip."""
_LEAST_WORK = 8
"""How far libjpeg reduces a picture of which only the damage is wanted."""
_WIDEST = 1 << 20
"""Largest width in pixels: libvips takes half a KiB for each while it shrinks a picture, whatever its height."""


def check_end(source: Path, photo_format: PhotoFormat) -> None:
    """Check that a file has its end, for a format whose decoder does not.

    Raises:
        TruncatedError: it is cut off.

    """
    if photo_format.is_cut_off(source):
        raise TruncatedError(f"{source.name}: the picture ends too early")


def check_size(source: Path, width: int, height: int, settings: PhotoSettings, *, whole: bool) -> None:
    """Check that a picture is within the limits.

    Args:
        source: the file.
        width: of all frames together, in pixels.
        height: likewise.
        settings: the limits.
        whole: whether its decoder holds it whole in memory.

    Raises:
        MediaError: it is too large, or has no pixels.

    """
    if width < 1 or height < 1:
        raise MediaError(f"{source.name}: the picture is damaged (it has no pixels)")
    if width > _WIDEST:
        raise MediaError(f"{source.name}: a picture of {width} x {height} pixels is too wide; cut it into parts")
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


def check_deflate(source: Path, tags: Tags) -> None:
    """Check the checksums of strips of a TIFF that are compressed by Deflate: libtiff checks those of tiles alone.

    Args:
        source: the file.
        tags: of the page.

    Raises:
        MediaError: one is wrong.

    """
    places, sizes = (tags.get(tag, {}).get("data", []) for tag in (STRIP_OFFSETS, STRIP_SIZES))
    if len(places) != len(sizes):
        return
    with source.open("rb") as file, ThreadPoolExecutor(torch.get_num_threads(), "checksums") as pool:
        try:
            for _ in pool.map(partial(_inflate, file.fileno()), places, sizes):
                pass
        except zlib.error as error:
            raise MediaError(f"{source.name}: the picture is damaged ({error})") from error


def _inflate(descriptor: int, place: int, size: int) -> None:
    strip, rest = zlib.decompressobj(), os.pread(descriptor, min(size, _MOST_STRIP), place)
    while rest:
        strip.decompress(rest, _BLOCK)
        rest = strip.unconsumed_tail


def check_jpeg(source: Path, tags: Tags) -> None:
    """Check the strips of a TIFF that are compressed by JPEG: libtiff fills what it cannot decode with grey.

    Args:
        source: the file.
        tags: of the page.

    Raises:
        pyvips.Error: one is damaged or cut off.

    """
    places, sizes, tables = (tags.get(tag, {}).get("data", []) for tag in (STRIP_OFFSETS, STRIP_SIZES, JPEG_TABLES))
    if len(places) != len(sizes):
        return
    header = bytes(tables).removesuffix(END_OF_IMAGE)
    with source.open("rb") as file:
        for place, size in zip(places, sizes, strict=True):
            strip = os.pread(file.fileno(), min(size, _MOST_STRIP), place)
            whole = header + strip.removeprefix(START_OF_IMAGE) if header else strip
            pyvips.Image.jpegload_buffer(whole, shrink=_LEAST_WORK, fail_on="warning").copy_memory()
            check_messages()


def check_messages() -> None:
    """Check after a pass that libvips said nothing: a tile of a TIFF that it cannot read is black.

    At a warning, it stops before the next lines. A damaged last line of blocks of a JPEG is followed by none.

    Raises:
        pyvips.Error: it did.

    """
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    if said:
        raise pyvips.Error("")  # which takes the message of libvips
