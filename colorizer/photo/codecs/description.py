"""Describe a decoded picture, and keep it in memory where it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyvips
from numpy.typing import NDArray

from colorizer.errors import UnsupportedError
from colorizer.photo.codecs.kept_samples import KeptSamples
from colorizer.photo.formats.photo_format import Opening, Sample
from colorizer.photo.picture import CONVERTED, Picture, count_colours, is_plain
from colorizer.photo.tags import Tags
from colorizer.photo.watching import watch

_BYTES = {"uchar": 1, "char": 1, "short": 2, "ushort": 2, "int": 4, "uint": 4, "float": 4, "double": 8}
_SAMPLES: dict[str, tuple[Sample, float]] = {
    "uchar": ("uchar", 255.0),
    "short": ("ushort", 65535.0),
    "ushort": ("ushort", 65535.0),
    "uint": ("ushort", 2.0**32 - 1),
    "float": ("float", 1.0),
    "double": ("float", 1.0),
}
"""What the samples of an image of libvips become, and which of them is white."""
_BRIGHTEST = 16.0
"""Greatest floating-point sample of a picture whose white is 1: four stops brighter."""
_PROFILE = "icc-profile-data"
_FEW = 0.1
"""Share of samples brighter than white that a picture of the sun, or a division by zero, may have."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to get the samples of a picture."""

    header: pyvips.Image
    """The picture, of which no sample has been read."""
    open: Callable[[], pyvips.Image]
    """See `Picture.open`."""
    held: int = 0
    """See `Picture.held`."""
    strips: Callable[[int], Iterator[NDArray[Any]]] | None = None
    """See `Picture.strips`."""
    check_pass: Callable[[], None] = lambda: None
    """See `Picture.check_pass`."""


def keep_if_small(
    header: pyvips.Image,
    decode: Callable[[], pyvips.Image],
    opening: Opening,
    check_pass: Callable[[], None] = lambda: None,
) -> Decoding:
    """Have a picture decoded into memory if there is room for it; otherwise it is decoded for each pass.

    A plain picture is decoded by the first pass over it, others at once.

    Args:
        header: the opened picture, of which no sample has been read.
        decode: opens it again.
        opening: tells how much room there is.
        check_pass: see `Picture.check_pass`.

    Raises:
        pyvips.Error: it is damaged or cut off.

    """
    size = size_of(header)
    if size > opening.room:
        return Decoding(header, decode, check_pass=check_pass)
    if is_plain(header) and not header.get_typeof("page-height"):
        kept = KeptSamples(header, opening.on_progress, check_pass)
        return Decoding(header, kept.image, size, kept.strips)
    image = watch(header, opening.on_progress).copy_memory()
    check_pass()
    image.set_progress(False)  # what is made from it would still report to the header's function
    return Decoding(image, lambda: image, size)


def size_of(image: pyvips.Image) -> int:
    """Bytes of the decoded samples of an image."""
    return int(image.width * image.height * image.bands * _BYTES.get(image.format, 16))


def describe(
    source: Path, decoding: Decoding, *, frames: int = 1, white: float | None = None, tags: Tags | None = None
) -> Picture:
    """Describe a picture for colouring.

    Args:
        source: the file.
        decoding: the picture.
        frames: frames of an animation, which lie below each other.
        white: the sample that is white, where it is not the greatest of its type.
        tags: of a page of a TIFF.

    Raises:
        UnsupportedError: its samples cannot be coloured.
        pyvips.Error: it is damaged or cut off.

    """
    header = decoding.header
    if header.format not in _SAMPLES or (header.format == "short" and header.interpretation not in CONVERTED):
        raise UnsupportedError(
            f"{source.name}: samples of the type {header.format} are not coloured; save it with 8 or 16 bits"
        )
    if count_colours(header) not in {1, 3} and header.interpretation not in CONVERTED:
        raise UnsupportedError(
            f"{source.name}: pictures of {header.bands} samples a pixel are not coloured; save it as RGB or grey"
        )
    sample, greatest = _SAMPLES[header.format]
    if sample == "float" and header.interpretation in CONVERTED:
        sample, greatest = "ushort", 65535.0
    if sample == "float":
        greatest = _find_white(decoding.open)
    has_profile = _has_usable_profile(header)
    ignored = () if has_profile or not header.get_typeof(_PROFILE) else ("its colour profile is damaged, and ignored",)
    return Picture(
        open=partial(_without_profile, decoding.open) if ignored else decoding.open,
        notes=ignored,
        held=decoding.held,
        strips=decoding.strips,
        check_pass=decoding.check_pass,
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


def _has_usable_profile(header: pyvips.Image) -> bool:
    """Whether the samples of an image can be converted by its profile; tried on one black pixel."""
    if not header.get_typeof(_PROFILE):
        return False
    pixel = pyvips.Image.black(1, 1, bands=header.bands).cast(header.format)
    pixel = pixel.copy(interpretation=header.interpretation)
    pixel.set_type(pyvips.GValue.blob_type, _PROFILE, header.get(_PROFILE))
    try:
        pixel.icc_transform("srgb", embedded=True, depth=16).avg()
    except pyvips.Error:
        return False
    return True


def _without_profile(open_picture: Callable[[], pyvips.Image]) -> pyvips.Image:
    image = open_picture().copy()
    image.remove(_PROFILE)
    return image


def _find_white(open_picture: Callable[[], pyvips.Image]) -> float:
    """Find the sample that is white in a floating-point picture, which no file states: 1, 255 or 65535.

    Raw developers and scanners mean 1, and write lights and paper that are brighter; those stay grey. To take 255 for
    white there would make every colour hundreds of times too strong. A dark picture that counts to 255, and for which
    1 is taken, stays grey at worst.
    """
    greatest: float = open_picture().max()
    if greatest <= _BRIGHTEST:
        return 1.0
    meant = (white for white in (1.0, 255.0, 65535.0) if (open_picture() > white).avg() <= 255 * _FEW)
    return next(meant, greatest)
