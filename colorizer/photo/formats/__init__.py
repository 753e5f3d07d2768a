"""The formats of photographs: each is one module here and one line in `FORMATS`, which all parts of tintd read.

May import: colorizer.errors, colorizer.settings; loads no decoder, so the service and `tintd --help` may import it.
Imported by: colorizer.photo, colorizer.engine, daemon, training.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from colorizer.errors import UnsupportedError
from colorizer.frame_sequence import is_sequence
from colorizer.originals import is_of_many_files
from colorizer.photo.formats.avif import AVIF
from colorizer.photo.formats.bmp import BMP
from colorizer.photo.formats.gif import GIF
from colorizer.photo.formats.heic import HEIC
from colorizer.photo.formats.jp2 import JP2
from colorizer.photo.formats.jpeg import JPEG
from colorizer.photo.formats.pcx import PCX
from colorizer.photo.formats.photo_format import PhotoFormat
from colorizer.photo.formats.png import PNG
from colorizer.photo.formats.pnm import PNM
from colorizer.photo.formats.raw import RAW
from colorizer.photo.formats.sgi import SGI
from colorizer.photo.formats.sun import SUN
from colorizer.photo.formats.tga import TGA
from colorizer.photo.formats.tiff import TIFF
from colorizer.photo.formats.webp import WEBP
from colorizer.photo.other_files import describe_other

__all__ = [
    "FORMATS",
    "GIF",
    "JPEG",
    "PNG",
    "RAW",
    "TIFF",
    "WEBP",
    "PhotoFormat",
    "detect_format",
    "detect_kind",
    "format_named",
    "is_named_as_photo",
]

FORMATS = (
    JPEG,
    PNG,
    RAW,  # before TIFF: most raw files are TIFFs as well
    TIFF,
    WEBP,
    GIF,
    HEIC,
    AVIF,
    BMP,
    JP2,
    PNM,
    TGA,
    PCX,
    SGI,
    SUN,
)
"""Every format; the first that matches a file is its format."""

_START = 512
"""Number of bytes by which most files are recognised."""


def detect_kind(path: Path) -> Literal["photo", "film"]:
    """Distinguish a photograph from what may be a film, which only its decoder can tell.

    Raises:
        UnsupportedError: the file is empty, or of a kind that is known to be neither.
        OSError: it cannot be read.

    """
    return "photo" if detect_format(path) else "film"


def detect_format(path: Path) -> PhotoFormat | None:
    """Find the format of a photograph by its bytes, never by its name; None for what may be a film.

    Raises:
        UnsupportedError: the file is empty, or of a kind that is known to be neither.
        OSError: it cannot be read.

    """
    if is_of_many_files(path):
        return None
    with path.open("rb") as file:
        start = file.read(_START)
        if not start:
            raise UnsupportedError(f"{path.name}: the file is empty")
        found = next((one for one in FORMATS if one.has_signature and one.matches(start, file)), None)
        if found:
            return found
        if other := describe_other(start, file):
            raise UnsupportedError(f"{path.name}: no photograph or film, but {other}")
        return next((one for one in FORMATS if not one.has_signature and one.matches(start, file)), None)


def format_named(name: str) -> PhotoFormat:
    """The format of a name; KeyError if there is none."""
    return {one.name: one for one in FORMATS}[name]


def is_named_as_photo(path: Path) -> bool:
    """Whether the suffix of a file is a photograph's, in upper or lower case: enough to put files in an order."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not is_sequence(path)


PHOTO_SUFFIXES = frozenset(suffix for one in FORMATS for suffix in one.all_suffixes)
"""Suffixes of photographs, in lower case."""
