"""A picture as it lies in a photograph's file: its only one, a page of a TIFF, or the frames of an animation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pyvips

from colorizer.model.lab import Matrix
from colorizer.photo.formats import PhotoFormat
from colorizer.photo.tags import Tags

MATRIX = Matrix.BT601
"""Of the luma of a photograph: JFIF's, and what printing in grey has meant since."""

Sample = Literal["uchar", "ushort", "float"]

CONVERTED = {"cmyk", "lab", "labs", "xyz"}
"""Colour spaces of libvips that become sRGB first."""
_DEEP = 65535.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, read from the top as often as it is asked for."""

    open: Callable[[], pyvips.Image]
    """Opens the picture anew, for one pass from top to bottom; the frames of an animation lie below each other."""
    width: int
    height: int
    """Of a frame."""
    white: float
    """The sample that is white."""
    sample: Sample
    """What its samples become: 8 bits, 16 bits, or numbers."""
    bits: int
    """Of a sample in the file."""
    frames: int = 1
    orientation: int = 1
    """EXIF orientation, 1..8."""
    transparent: bool = False
    """Whether its samples say how transparent they are."""
    tags: Tags = field(default_factory=dict)
    """What a TIFF says of it."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph's file."""

    format: PhotoFormat
    pictures: tuple[Picture, ...]
    quality: int | None = None
    """Estimated, of a JPEG."""
    lossless: bool = False
    """Whether a WebP was stored without loss."""
    notes: tuple[str, ...] = ()
    """What was left out, or read otherwise than it lies there."""


def luma_and_alpha(picture: Picture) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Luma as float 0..1, and the alpha channel as it is.

    What has a profile, or is not grey or R'G'B', becomes sRGB at 16 bits before its luma is computed.
    """
    image = picture.open()
    alpha = None
    if image.hasalpha():
        alpha = image[image.bands - 1]
        image = image.extract_band(0, n=image.bands - 1)
    image, white = _shown(image, picture.white)
    if image.bands < 3:
        return image[0].cast("float") / white, alpha
    kr, kb = MATRIX.value
    weights = [[weight / white for weight in (kr, 1 - kr - kb, kb)]]
    return image.extract_band(0, n=3).cast("float").recomb(pyvips.Image.new_from_list(weights)), alpha


def _shown(image: pyvips.Image, white: float) -> tuple[pyvips.Image, float]:
    """The picture in grey or in sRGB, and the sample that is white there."""
    if image.get_typeof("icc-profile-data") and image.format in {"uchar", "ushort"}:
        return image.icc_transform("srgb", embedded=True, depth=16), _DEEP
    if image.interpretation in CONVERTED:
        return image.colourspace("rgb16"), _DEEP
    return image, white
