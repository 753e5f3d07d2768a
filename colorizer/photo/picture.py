"""A picture in the file of a photograph: its only one, a page of a TIFF, or the frames of an animation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from colorizer.model.lab import Matrix
from colorizer.photo.formats.photo_format import PhotoFormat, Sample
from colorizer.photo.tags import Tags

MATRIX = Matrix.BT601
"""Matrix of the luma of a photograph: that of JFIF, and of printing in grey."""

MILLIMETRES = 25.4
"""Of an inch; libvips counts pixels by the millimetre, files by the inch."""
CONVERTED = {"cmyk", "lab", "labs", "xyz"}
"""Colour spaces of libvips that are converted to sRGB first."""
_WHITE_16 = 65535.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be read several times."""

    open: Callable[[], pyvips.Image]
    """Opens the picture for one pass from top to bottom; the frames of an animation lie below each other."""
    width: int
    height: int
    """Height of a frame."""
    white: float
    """Sample that is white."""
    sample: Sample
    """Type that its samples get in a result that holds it."""
    bits: int
    """Bits of a sample in the file."""
    check_pass: Callable[[], None] = lambda: None
    """Called right after a pass; raises pyvips.Error where libvips left out what it could not read."""
    held: int = 0
    """Bytes of memory that hold it decoded, from the first pass at the latest; 0 where each pass decodes it."""
    strips: Callable[[int], Iterator[NDArray[Any]]] | None = None
    """Reads the samples that are held, in strips (n, W, 1 or 3) of so many lines, in less time than `open`; the first
    pass decodes them. None for a picture that is not held, or not plain (see `is_plain`)."""
    frames: int = 1
    orientation: int = 1
    """EXIF orientation, 1..8."""
    transparent: bool = False
    """Whether it has alpha, which is the first sample beside its colour."""
    extra: tuple[int, ...] = ()
    """What the samples beside its colour are, by ExtraSamples of TIFF 6.0; empty for none, and for an alpha alone."""
    notes: tuple[str, ...] = ()
    """What is read otherwise than it lies in the file."""
    tags: Tags = field(default_factory=dict)
    """Descriptive tags of a page of a TIFF."""


@dataclass(frozen=True, slots=True)
class Photo:
    """The file of a photograph."""

    format: PhotoFormat
    pictures: tuple[Picture, ...]
    quality: int | None = None
    """Estimated quality of a JPEG, 1..100."""
    lossless: bool = False
    """Whether a WebP result is written without loss."""
    kept_pages: tuple[tuple[int, Picture], ...] = ()
    """Pages of a TIFF that get no colour (infrared), each with the number of pictures before it."""
    notes: tuple[str, ...] = ()
    """What was left out, or is read otherwise than it lies in the file."""


Strip = Callable[[], NDArray[Any]]
"""Computes a strip of samples (n, W, 3), in any thread."""


@dataclass(frozen=True, slots=True)
class ColouredStrips:
    """A coloured picture without alpha, which is read from top to bottom, and computed in strips.

    Both functions take the number of lines of a strip; the last one may have fewer.
    """

    width: int
    height: int
    sample: Sample
    """Type of its samples as R'G'B', uchar or ushort."""
    resolution: tuple[float, float] | None
    """Pixels an inch, across and along, if the original says so."""
    rgb: Callable[[int], Iterator[Strip]]
    """R'G'B' (sRGB)."""
    ycbcr: Callable[[int], Iterator[Strip]]
    """Full-range Y'CbCr of 8 bits (JFIF)."""


_COLOURS = {"b-w": 1, "grey16": 1, "cmyk": 4}
"""Samples of a pixel that are its colour, by libvips' name of the colour space; three in others."""


def count_colours(image: pyvips.Image) -> int:
    """Count the samples of a pixel that are its colour."""
    bands = int(image.bands)
    return _COLOURS.get(image.interpretation, min(3, bands - 1)) if image.hasalpha() else bands


def split_alpha(image: pyvips.Image) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Split an image into its colour, and its alpha or whatever else lies beside it, if anything does."""
    colours = count_colours(image)
    if colours == image.bands:
        return image, None
    return image.extract_band(0, n=colours), image.extract_band(colours, n=image.bands - colours)


_TYPES: dict[str, type[np.generic]] = {"uchar": np.uint8, "ushort": np.uint16, "float": np.float32}


def is_plain(image: pyvips.Image) -> bool:
    """Whether an image is grey or R'G'B' of 8 or 16 bits, without alpha and without a profile."""
    is_known = image.format in {"uchar", "ushort"} and image.interpretation not in CONVERTED
    return is_known and image.bands in {1, 3} and not image.hasalpha() and not image.get_typeof("icc-profile-data")


def sample_type(image: pyvips.Image) -> type[np.generic]:
    """NumPy's type of the samples of an image of 8 or 16 bits, or floating point."""
    return _TYPES[image.format]


def read_strips(image: pyvips.Image, lines: int) -> Iterator[NDArray[Any]]:
    """Read the samples of an image once, from top to bottom, in strips (n, W, bands) of so many lines.

    Raises:
        pyvips.Error: it is damaged or cut off.

    """
    height, width, shape = image.height, image.width, (-1, image.width, image.bands)  # each takes a call to GObject
    region, sample = pyvips.Region.new(image), sample_type(image)
    for first in range(0, height, lines):
        samples = np.frombuffer(region.fetch(0, first, width, min(lines, height - first)), sample)
        yield samples.reshape(shape)


def luma_of(image: pyvips.Image, white: float) -> pyvips.Image:
    """Compute the luma, float 0..1, of an image without alpha.

    An image with a profile, or in another space than grey and R'G'B', becomes sRGB at 16 bits first.
    """
    image, white = to_grey_or_srgb(image, white)
    if image.bands < 3:
        return image[0].cast("float") / white
    return image.extract_band(0, n=3).cast("float").recomb(pyvips.Image.new_from_list([luma_weights(white)]))


def luma_weights(white: float) -> list[float]:
    """Weights of R', G' and B', in samples of which one is white, in the luma, 0..1."""
    kr, kb = MATRIX.value
    return [weight / white for weight in (kr, 1 - kr - kb, kb)]


def to_grey_or_srgb(image: pyvips.Image, white: float) -> tuple[pyvips.Image, float]:
    """Convert an image without alpha to grey or sRGB, and return the sample that is white there."""
    if image.get_typeof("icc-profile-data") and image.format in {"uchar", "ushort"}:
        return image.icc_transform("srgb", embedded=True, depth=16), _WHITE_16
    if image.interpretation in CONVERTED:
        return image.colourspace("rgb16"), _WHITE_16
    return image, white
