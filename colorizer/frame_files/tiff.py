"""TIFF: the samples by tifffile, with the tags of the original, as photographs have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tifffile

from colorizer.frame_files.coloured_frame import ColouredFrame, Samples, UnreadableFrameError
from colorizer.photo.blocks.blocks import Truth
from colorizer.photo.blocks.copying import xmp_of_copy
from colorizer.photo.codecs.strip_pool import STRIP_BYTES, srgb_profile
from colorizer.photo.comparison import lost_metadata
from colorizer.photo.tags import (
    BIGTIFF_BYTES,
    BITS,
    PHOTOMETRIC,
    SUBFILE_TYPE,
    XMP,
    Tags,
    descriptive,
    merge_pages,
    number,
    read_directories,
)

_PROFILE, _CMYK = 34675, 5
_DEFLATE, _PREDICTOR = 8, 2
"""Deflate and horizontal differences (TIFF 6.0, supplement 2 and section 14)."""


def write_tiff_frame(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame.

    Args:
        frame: what is written.
        target: the file.

    Returns:
        What the result does not keep, for the report.

    Raises:
        UnreadableFrameError: the original's directories are damaged.
        MediaError: the result is.
        OSError: a file cannot be read or written.

    """
    try:
        directories = read_directories(frame.original)
    except (EOFError, ValueError) as error:
        raise UnreadableFrameError(f"{frame.original.name}: the picture is damaged ({error})") from error
    if not directories:
        raise UnreadableFrameError(f"{frame.original.name}: the picture is damaged (it has no directory)")
    samples = frame.samples(8 if frame.depth == 8 else 16)
    page = target.with_name(f"{target.name}.page")
    try:
        _encode(samples, page)
        tags, notes = _tags(directories[0], frame.maker)
        merge_pages([page], [tags], target)
    finally:
        page.unlink(missing_ok=True)
    with tifffile.TiffFile(target) as file:  # the page: what its description says of shapes is the original's
        frame.check(file.pages.first.asarray(), samples)
    told = (*notes, *_losses(directories))
    return (*told, *lost_metadata(frame.original, target, told))


def _encode(samples: Samples, page: Path) -> None:
    """Write samples of sRGB in strips."""
    tifffile.imwrite(
        page,
        samples,
        photometric="rgb",
        extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
        compression=_DEFLATE,
        predictor=_PREDICTOR,
        rowsperstrip=max(1, STRIP_BYTES // samples[0].nbytes),
        bigtiff=samples.nbytes > BIGTIFF_BYTES,
        byteorder="<",
        iccprofile=srgb_profile(),
        metadata=None,
        software=False,
    )


def _tags(own: Tags, maker: str) -> tuple[Tags, list[str]]:
    """The tags of a coloured frame, and notes on them."""
    packet = own.get(XMP, {}).get("data")
    xmp, notes = xmp_of_copy(bytes(packet) if packet else None, Truth(), maker or None)
    tags = descriptive(own)
    return (tags | {XMP: {"datatype": 1, "data": xmp}} if xmp else tags), notes


def _losses(directories: list[Tags]) -> Iterator[str]:
    own = directories[0]
    if number(own, BITS, 1) not in {1, 2, 4, 8, 16}:
        yield f"{number(own, BITS, 1)} bits a sample became 16"
    if number(own, PHOTOMETRIC, 1) == _CMYK:
        yield "CMYK became R'G'B'"
    if _PROFILE in own:
        yield "colour profile left out: the samples are taken for those of sRGB"
    if any(not number(page, SUBFILE_TYPE, 0) & 1 for page in directories[1:]):
        yield "pages of the TIFF other than the first left out"
