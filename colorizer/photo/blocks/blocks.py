"""The metadata of a photograph as blocks of bytes, and what is true of its coloured copy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blocks:
    """The metadata of one picture."""

    exif: bytes | None = None
    """EXIF as a TIFF, without `Exif` and two zeros before it."""
    xmp: bytes | None = None
    """One packet of XMP, with its extended part."""
    photoshop: bytes | None = None
    """Photoshop's image resources, of which one is the IPTC (IIM) record."""
    comments: tuple[bytes, ...] = ()
    """Comments of a JPEG."""
    resolution: tuple[float, float] | None = None
    """Pixels an inch, across and along, where the format states them outside of `exif` and `own`."""
    own: tuple[tuple[bytes, bytes], ...] = ()
    """Other blocks in the order of the file, each with its type; only a file of the same format can hold them."""
    notes: tuple[str, ...] = ()
    """What is in the file and not kept, for the report."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a coloured copy, and was not of its original."""

    is_srgb: bool = True
    """Whether its profile is sRGB."""
    was_turned: bool = False
    """Whether the orientation of the original was applied."""
    size: tuple[int, int] | None = None
    """Width and height, where they are not the original's."""
    thumbnail: bytes | None = None
    """A small coloured version as JPEG, which replaces an earlier thumbnail; None leaves that out."""
