"""Raw files of cameras, developed by LibRaw as sRGB; results are TIFFs."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from colorizer.errors import UnsupportedError
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, has_brand, starts_with
from colorizer.photo.tags import tags_of_raw

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.codecs.decoded import Undecoded
    from colorizer.photo.picture import Photo

_is_signed = starts_with(b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\x00", b"FOVb", b"\x00MRM")
_is_cr3 = has_brand(b"crx ")
_is_tiff = starts_with(b"II*\x00", b"MM\x00*")
_MOSAICS = {32803, 34892}
"""Photometric interpretations of a sensor's samples (TIFF/EP and DNG)."""
_VENDORS = {32767, 32769, 32770, 34713, 65000, 65535}
"""Compressions of cameras."""
_RGB = 3
"""Samples of a pixel that LibRaw knows, where each pixel has all of them."""
_DNG_VERSION, _SUBDIRECTORIES = 50706, 330


def _matches(start: bytes, file: BinaryIO) -> bool:
    return _is_signed(start, file) or _is_cr3(start, file) or (_is_tiff(start, file) and _is_raw_tiff(file))


def _is_raw_tiff(file: BinaryIO) -> bool:
    """Whether the first picture of a TIFF has the samples of a sensor, or lies above such samples.

    A DNG whose samples are grey or R'G'B', as programs of scanners write it, is read like any TIFF.
    """
    file.seek(0)
    header = file.read(8)
    try:
        directory = ImageFileDirectory_v2(header)
        file.seek(directory.next)
        with warnings.catch_warnings(action="ignore"):
            directory.load(file)
        mosaic = directory.get(262) in _MOSAICS
        is_above = directory.get(254, 0) & 1 or _DNG_VERSION in directory
        below = directory.get(_SUBDIRECTORIES, ()) if is_above else ()
        raw_below = any(_is_sensors(header, file, place) for place in _as_tuple(below))
    except (OSError, struct.error, SyntaxError, ValueError, TypeError, OverflowError):
        return False  # damaged: the reader of TIFF says how
    return mosaic or raw_below or _is_cr2(file)


def _as_tuple(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (int(str(value)),)


def _is_sensors(header: bytes, file: BinaryIO, place: int) -> bool:
    """Whether a directory is that of a sensor's samples."""
    directory = ImageFileDirectory_v2(header)
    file.seek(place)
    directory.load(file)
    return directory.get(262) in _MOSAICS or directory.get(259) in _VENDORS


def _is_cr2(file: BinaryIO) -> bool:
    file.seek(8)
    return file.read(2) == b"CR"


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.decoded import open_decoded
    from colorizer.photo.picture import Photo

    picture, notes = open_decoded(source, _read_header, opening, tags=tags_of_raw(source))
    return Photo(RAW, (picture,), notes=notes)


def _read_header(source: Path) -> Undecoded:
    import rawpy

    from colorizer.photo.codecs.decoded import Undecoded, from_samples

    def decode() -> pyvips.Image:
        with source.open("rb") as file, rawpy.imread(file) as raw:
            return from_samples(raw.postprocess(use_camera_wb=True, output_bps=16, gamma=(2.4, 12.92)))

    with source.open("rb") as file, rawpy.imread(file) as raw:
        if raw.raw_type is rawpy.RawType.Stack and raw.num_colors > _RGB:  # LibRaw takes them for G, M, C and Y
            raise UnsupportedError(
                f"{source.name}: raw samples of R, G, B and something else (a scanner's infrared, perhaps) are not "
                f"developed here; save it as TIFF"
            )
        return Undecoded(raw.sizes.width, raw.sizes.height, decode)


RAW = PhotoFormat(
    name="raw",
    title="camera raw",
    suffixes=(".dng",),
    source_suffixes=(
        *(".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".erf", ".fff", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef"),
        *(".nrw", ".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    ),
    matches=_matches,
    open=_open,
    instead=("tiff",),
    decoded_upright=True,
)
