"""What a file is, by its bytes and never by its name: a photograph of some format, perhaps a film, or neither."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Literal

from PIL.TiffImagePlugin import ImageFileDirectory_v2

from colorizer.errors import UnsupportedError

PhotoFormat = Literal[
    "jpeg", "png", "tiff", "webp", "gif", "heic", "avif", "bmp", "jp2", "pnm", "tga", "pcx", "sgi", "sun", "raw"
]
PILLOW_NAMES = {"bmp": "BMP", "tga": "TGA", "jp2": "JPEG2000", "pcx": "PCX", "sgi": "SGI", "sun": "SUN"}
"""Pillow's names of the formats that it reads here, and, but for Sun's, writes."""

_PHOTOS: dict[bytes, PhotoFormat] = {
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
    b"GIF87a": "gif",
    b"GIF89a": "gif",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "jp2",
    b"\xff\x4f\xff\x51": "jp2",
    b"\x01\xda\x00\x01": "sgi",
    b"\x01\xda\x01\x01": "sgi",
    b"FUJIFILMCCD-RAW": "raw",
    b"IIRO": "raw",
    b"IIRS": "raw",
    b"MMOR": "raw",
    b"IIU\x00": "raw",
    b"FOVb": "raw",
    b"\x00MRM": "raw",
}
_TIFFS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_BRANDS: dict[bytes, PhotoFormat] = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis"), "heic"),
    b"avif": "avif",
    b"crx ": "raw",
}
"""ISO/IEC 23008-12, B.4, and Canon's; `mif1` says what it is among its compatible brands."""
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}
"""Sizes of the second header, which make out its version."""

_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "a PostScript document",
    b"<svg": "an SVG drawing",
    b"\xd7\xcd\xc6\x9a": "a Windows metafile, a drawing",
    b"8BPS": "a Photoshop document; save it as TIFF",
    b"gimp xcf": "a GIMP document; save it as TIFF",
    b"AT&TFORM": "a DjVu document",
    b"SDPX": "a DPX frame, which tintd does not colour yet",
    b"XPDS": "a DPX frame, which tintd does not colour yet",
    b"\x76\x2f\x31\x01": "an OpenEXR picture, which tintd does not colour yet",
    b"\xff\x0a": "a JPEG XL picture, which tintd does not colour yet",
    b"\x00\x00\x00\x0cJXL ": "a JPEG XL picture, which tintd does not colour yet",
    b"P7\n": "a PAM picture, which tintd does not colour yet",
    b"SIMPLE  =": "a FITS picture, which tintd does not colour yet",
    b"DVDVIDEO": "the index of a DVD; its pictures are in the VOB files beside it",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"MZ": "a Windows program",
    b"\x00\x00\x01\x00": "an icon",
    **dict.fromkeys((b"\x00\x00\x02\x00" + bytes((count, 0)) for count in range(1, 10)), "a mouse pointer"),
    b"icns": "an icon",
    b"SQLite format 3": "a database",
    b"ID3": "sound",
    b"fLaC": "sound",
    b"QFI\xfb": "a disc image",
    b"KDMV": "a disc image",
    b"conectix": "a disc image",
    b"vhdxfile": "a disc image",
    b"hsqs": "a disc image",
}
_LOOKED_AT = 512
_DISC = (32769, {b"CD001", b"BEA01"})
"""Where ISO 9660 and UDF say what they are: behind 16 sectors that belong to nobody."""


def kind_of(path: Path) -> Literal["photo", "film"]:
    """Tell a photograph from what may be a film (which only its decoder can tell).

    Raises:
        UnsupportedError: it is empty, or something else that is known.

    """
    return "photo" if photo_format(path) else "film"


def photo_format(path: Path) -> PhotoFormat | None:
    """Which format of photograph a file is; None for what may be a film.

    Raises:
        UnsupportedError: it is empty, or something else that is known.

    """
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
        if not start:
            raise UnsupportedError(f"{path.name}: the file is empty")
        found = _signed(start) or (_tiff(file) if start.startswith(_TIFFS) else None)
        if found:
            return found
        other = _other(start, file)
    if other:
        raise UnsupportedError(f"{path.name}: no photograph or film, but {other}")
    return "tga" if _is_tga(start) else None


def _signed(start: bytes) -> PhotoFormat | None:
    for signature, name in _PHOTOS.items():
        if start.startswith(signature):
            return name
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "webp"
    if start[4:8] == b"ftyp":
        return _brand(start)
    if start[:2] in {b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"} and start[2:3].isspace():
        return "pnm"
    return next((name for name, fits in _HEADERS.items() if fits(start)), None)


def _is_bmp(start: bytes) -> bool:
    return start[:2] == b"BM" and int.from_bytes(start[14:18], "little") in _BMP_HEADERS


def _is_sun(start: bytes) -> bool:
    """Whether the header is a Sun raster's of a depth that Pillow reads."""
    return start[:4] == b"\x59\xa6\x6a\x95" and int.from_bytes(start[12:16]) in {1, 8, 24, 32}


def _is_pcx(start: bytes) -> bool:
    """Whether the header is a PCX's of a kind that Pillow reads (ZSoft's technical reference manual)."""
    if len(start) < 128 or start[0] != 10 or start[64]:
        return False
    version, encoding, bits, planes = *start[1:4], start[65]
    deep = version == 5 and bits == 8 and planes in {1, 3}
    return version in {0, 2, 3, 4, 5} and encoding == 1 and (deep or (bits == 1 and planes in {1, 2, 4}))


_HEADERS: dict[PhotoFormat, Callable[[bytes], bool]] = {"bmp": _is_bmp, "sun": _is_sun, "pcx": _is_pcx}
"""Formats that more than a signature tells."""


def _brand(start: bytes) -> PhotoFormat | None:
    """Which of the formats in ISO's file format; None for a film."""
    major, end = start[8:12], int.from_bytes(start[:4], "big")
    compatible = [start[place : place + 4] for place in range(16, min(end, len(start)), 4)]
    candidates = [major, *compatible] if major in {b"mif1", b"miaf"} else [major]
    return next((_BRANDS[brand] for brand in candidates if brand in _BRANDS), None)


def _tiff(file: BinaryIO) -> PhotoFormat:
    """A camera's raw file is a TIFF whose first picture is a small copy, or the sensor's mosaic, or says DNG."""
    file.seek(0)
    header = file.read(8)
    if header[2:4] not in {b"*\x00", b"\x00*"}:
        return "tiff"
    try:
        directory = ImageFileDirectory_v2(header)
        file.seek(directory.next)
        with warnings.catch_warnings(action="ignore"):
            directory.load(file)
        small, mosaic = directory.get(254, 0) & 1, directory.get(262) in {32803, 34892}
    except (OSError, struct.error, SyntaxError, ValueError, TypeError, OverflowError):
        return "tiff"  # damaged: its reader says how
    return "raw" if 50706 in directory or mosaic or (small and 330 in directory) or _is_cr2(file) else "tiff"


def _is_cr2(file: BinaryIO) -> bool:
    file.seek(8)
    return file.read(2) == b"CR"


def _other(start: bytes, file: BinaryIO) -> str | None:
    """The name of what is neither photograph nor film."""
    for signature, name in _OTHERS.items():
        if start.startswith(signature):
            return name
    if b"<svg" in start:
        return "an SVG drawing"
    if start.lstrip().startswith((b"<?xml", b"<!DOCTYPE", b"<html")):
        return "a document in XML or HTML"
    if start[128:132] == b"DICM":
        return "a DICOM picture, which tintd does not colour yet"
    place, signatures = _DISC
    file.seek(place)
    return "a disc image" if file.read(5) in signatures else None


def _is_tga(start: bytes) -> bool:
    """Whether the header can be a Targa's, which has no signature (Truevision TGA 2.0, table C)."""
    if len(start) < 18:
        return False
    _, has_map, kind, first, length, depth_of_map, *_, width, height, depth, flags = struct.unpack(
        "<BBBHHBHHHHBB", start[:18]
    )
    if not width or not height or flags & 0xC0 or kind not in {1, 2, 3, 9, 10, 11}:
        return False
    if has_map != (kind in {1, 9}) or (not has_map and (first or length or depth_of_map)):
        return False
    return depth in ({8, 16} if kind in {3, 11} else {8} if has_map else {15, 16, 24, 32})
