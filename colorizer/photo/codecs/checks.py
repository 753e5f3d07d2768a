"""Checks of a photograph before its picture is decoded."""

from __future__ import annotations

from pathlib import Path

import pyvips

from colorizer.errors import MediaError, TruncatedError
from colorizer.photo.formats.photo_format import PhotoFormat
from colorizer.settings import PhotoSettings

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


def check_messages() -> None:
    """Check after a pass that libvips said nothing: a tile of a TIFF that it cannot read is black.

    At a warning, it stops before the next lines. A damaged last line of blocks of a JPEG is followed by none.

    Raises:
        pyvips.Error: it did.

    """
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    if said:
        raise pyvips.Error("")  # which takes the message of libvips
