"""A format of photographs: how its files are recognised, read and written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from colorizer.photo.blocks.blocks import Blocks
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import ColouredStrips, Photo, Picture

Sample = Literal["uchar", "ushort", "float"]
"""The type of a sample, by libvips' name: 8 bits, 16 bits, or floating point; from the shallowest to the deepest."""
FailOn = Literal["warning", "error", "none"]
"""At what libvips raises an error: at any warning of its decoder, at the end of a file that is cut off, or at neither.

What it cannot read becomes grey.
"""

_TAIL = 1024


@dataclass(frozen=True, slots=True)
class Opening:
    """How a photograph is to be opened."""

    settings: PhotoSettings
    """Limits on its size."""
    fail_on: FailOn = "error"
    room: int = 0
    """Bytes of memory in which decoded pictures may be kept; a picture that does not fit is decoded for each pass."""
    on_progress: Callable[[], None] = lambda: None
    """Called from time to time while a picture is decoded."""

    def after(self, picture: Picture) -> Opening:
        """Return how the next picture of the same file is to be opened."""
        return replace(self, room=self.room - picture.held)


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last bytes of a file."""

    start: bytes
    tail: bytes
    size: int
    path: Path


@dataclass(frozen=True, slots=True, eq=False)
class PhotoFormat:
    """A format of photographs. Importing it loads no decoder; its functions import what they need."""

    name: str
    """Short name, as in the settings."""
    title: str
    """Name for people."""
    suffixes: tuple[str, ...]
    """Suffixes in lower case that a result keeps; the usual one first."""
    matches: Callable[[bytes, BinaryIO], bool]
    """Whether a file is of this format, by its first 512 bytes and the file itself, at any position."""
    open: Callable[[Path, Opening], Photo]
    """Reads the header of a file, and the picture where it fits into memory. Raises MediaError, pyvips.Error."""
    save: Callable[[pyvips.Image, Path, Photo, PhotoSettings], None] | None = None
    """Writes a picture in sRGB; None for a format that is not written."""
    save_strips: Callable[[ColouredStrips, Path, Photo, PhotoSettings], None] | None = None
    """Writes a picture in sRGB that is computed in strips; None where `save` writes all pictures."""
    instead: tuple[str, ...] = ()
    """Formats of results where this one is not written; the first that holds all pictures is taken."""
    source_suffixes: tuple[str, ...] = ()
    """Further suffixes of originals, which a result does not keep."""
    has_signature: bool = True
    """False for a format whose header is checked only when no other kind of file matches."""
    deepest: Sample = "uchar"
    """Deepest samples of a result."""
    longest_side: int | None = None
    """Most pixels of a side of a result; None where there is no limit."""
    holds_alpha: bool = True
    """Whether a result keeps transparency."""
    holds_frames: bool = False
    """Whether it holds animations."""
    holds_pages: bool = False
    """Whether it holds several pages."""
    keeps_metadata: bool = True
    """Whether a result has the EXIF and XMP of the original."""
    keeps_white: bool = False
    """Whether a result has the same sample for white as an original of this format."""
    decoded_upright: bool = False
    """Whether the decoder applies the orientation."""
    can_be_completed: bool = False
    """Whether a picture that is cut off can be decoded up to there."""
    read_blocks: Callable[[Path], Blocks] | None = None
    """Reads the metadata of a file; None where its decoder does."""
    write_blocks: Callable[[Path, Blocks, Path], tuple[str, ...]] | None = None
    """Copies the file of an encoder, and gives it metadata; returns notes. None where the encoder does."""
    lacks_end: Callable[[Ends], bool] = field(default=lambda _ends: False)
    """Whether the end of a file is missing; False where the format does not mark its end."""

    @property
    def all_suffixes(self) -> tuple[str, ...]:
        """Suffixes of originals, in lower case."""
        return self.suffixes + self.source_suffixes

    def is_cut_off(self, path: Path) -> bool:
        """Whether a file of this format lacks its end: decoders seldom distinguish this from damage."""
        with path.open("rb") as file:
            start = file.read(128)
            size = file.seek(0, os.SEEK_END)
            file.seek(-min(size, _TAIL), os.SEEK_END)
            return self.lacks_end(Ends(start, file.read(), size, path))


def starts_with(*signatures: bytes) -> Callable[[bytes, BinaryIO], bool]:
    """Make a test for files that begin with one of these signatures."""
    return lambda start, _file: start.startswith(signatures)


def has_brand(*brands: bytes) -> Callable[[bytes, BinaryIO], bool]:
    """Make a test for files in the ISO base media format that name one of these brands (ISO/IEC 14496-12, 4.3)."""
    return lambda start, _file: start[4:8] == b"ftyp" and not _brands(start).isdisjoint(brands)


_GENERIC_BRANDS = {b"mif1", b"miaf"}
"""Brands of any HEIF: the compatible brands name its codec (ISO/IEC 23008-12, 10.2.2)."""


def _brands(start: bytes) -> set[bytes]:
    """The major brand, and the compatible ones where it is generic."""
    major, end = start[8:12], int.from_bytes(start[:4], "big")
    if major not in _GENERIC_BRANDS:
        return {major}
    return {start[place : place + 4] for place in range(16, min(end, len(start)), 4)}
