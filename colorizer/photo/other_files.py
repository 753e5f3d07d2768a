"""Files that are neither photographs nor films, by their first bytes, with their names for people.

Neither `puremagic` nor `filetype` replaces this table. Both miss kinds of it (SVG, gzip and 7-Zip here; `filetype` most
of them), `puremagic` takes a mouse pointer for a spreadsheet, both name films and photographs as well, and neither says
what to do.
"""

from __future__ import annotations

from typing import BinaryIO

_NOT_YET = "which tintd does not colour yet; save it as TIFF"
_ONE_OF_MANY = "one of a film; numbered frames in a folder are coloured with the setting `sequences`"
_SIGNATURES = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"\xc5\xd0\xd3\xc6": "a PostScript document",
    b"<svg": "an SVG drawing",
    b"\xd7\xcd\xc6\x9a": "a Windows metafile, a drawing",
    b"8BPS": "a Photoshop document; save it as TIFF",
    b"gimp xcf": "a GIMP document; save it as TIFF",
    b"AT&TFORM": "a DjVu document",
    b"SDPX": f"a DPX frame, {_ONE_OF_MANY}",
    b"XPDS": f"a DPX frame, {_ONE_OF_MANY}",
    b"\x80\x2a\x5f\xd7": "a Cineon frame; save it as DPX or TIFF",
    b"\xd7\x5f\x2a\x80": "a Cineon frame; save it as DPX or TIFF",
    b"\x76\x2f\x31\x01": f"an OpenEXR frame, {_ONE_OF_MANY}",
    b"\xff\x0a": f"a JPEG XL picture, {_NOT_YET}",
    b"\x00\x00\x00\x0cJXL ": f"a JPEG XL picture, {_NOT_YET}",
    b"\x8bJNG\r\n": "a JNG picture; save it as PNG",
    b"\x8aMNG\r\n": "an MNG animation; save its pictures as PNG",
    b"II\xbc\x01": "a JPEG XR picture; save it as TIFF",
    b"P7\n": f"a PAM picture, {_NOT_YET}",
    b"SIMPLE  =": f"a FITS picture, {_NOT_YET}",
    b"DVDVIDEO": "the index of a DVD; its folder VIDEO_TS is one film",
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
    b"\x00\x05\x16\x07": "what a Macintosh keeps beside a file (AppleDouble), which has the name without `._`",
    b"version https://git-lfs": "a pointer of Git LFS to a file that was not fetched",
    b"bplist00": "a property list of Apple's, perhaps of a file that was not downloaded",
    b"ID3": "sound",
    b"fLaC": "sound",
    b"QFI\xfb": "a disc image",
    b"KDMV": "a disc image",
    b"conectix": "a disc image",
    b"vhdxfile": "a disc image",
    b"hsqs": "a disc image",
}
_DISC_PLACE, _DISC_SIGNATURES = 32769, {b"CD001", b"BEA01"}
"""Signatures of ISO 9660 and UDF, after 16 sectors that are not used."""
_COMPOUND = b"\xd0\xcf\x11\xe0"
_FLASHPIX = "Image Contents".encode("utf-16-le")
"""Name of a stream that every FlashPix has in its compound document (FlashPix Format Specification 1.0.2, 3.1)."""
_PHOTO_CD_PLACE, _PHOTO_CD, _PHOTO_CD_OVERVIEW = 2048, b"PCD_IPI", b"PCD_OPA"
_MOST_OF_COMPOUND = 64 << 20
_MACBINARY, _BLANK = 128, b"\0\r\n\t "
"""Bytes of a header of MacBinary, and bytes that say nothing."""
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"II*\0", b"MM\0*")
"""Those of the photographs that old computers had."""


def describe_other(start: bytes, file: BinaryIO) -> str | None:
    """Name a kind of file that is neither a photograph nor a film.

    Args:
        start: the first 512 bytes.
        file: the file, at any position.

    Returns:
        A name with its article, and perhaps what to do; None for a kind that is not known.

    """
    if photograph := _describe_old_photograph(start, file) or _describe_shifted(start):
        return photograph
    for signature, name in _SIGNATURES.items():
        if start.startswith(signature):
            return name
    if b"<svg" in start:
        return "an SVG drawing"
    if start.lstrip().startswith((b"<?xml", b"<!DOCTYPE", b"<html")):
        return "a document in XML or HTML"
    if start[128:132] == b"DICM":
        return f"a DICOM picture, {_NOT_YET}"
    file.seek(_DISC_PLACE)
    return "a disc image" if file.read(5) in _DISC_SIGNATURES else None


def _describe_old_photograph(start: bytes, file: BinaryIO) -> str | None:
    """Name a photograph in a format of the 1990s."""
    file.seek(_PHOTO_CD_PLACE)
    if start.startswith(_PHOTO_CD_OVERVIEW) or file.read(len(_PHOTO_CD)) == _PHOTO_CD:
        return "a Photo CD picture (PCD), which tintd does not read; save it as TIFF"
    if start.startswith(_COMPOUND) and _is_flashpix(file):
        return "a FlashPix picture (FPX), which tintd does not read; save it as TIFF"
    return None


def _describe_shifted(start: bytes) -> str | None:
    """Name a photograph before which something else lies: empty lines, zeros, or the header of a Macintosh file."""
    is_macintosh = 0 < start[1:2].ljust(1)[0] < 64 and not start[0] and start[2:3].isalnum()
    place = _MACBINARY if is_macintosh else len(start) - len(start.lstrip(_BLANK))
    if not place or not start.startswith(_BEGINNINGS, place):
        return None
    name = " (the header of a Macintosh file, MacBinary)" if is_macintosh else ""
    count = "a byte" if place == 1 else f"{place} bytes"
    return f"{count} before a photograph{name}; remove what lies before it"


def _is_flashpix(file: BinaryIO) -> bool:
    """Whether a compound document is a FlashPix: its directory may lie anywhere in the file."""
    file.seek(0)
    return _FLASHPIX in file.read(_MOST_OF_COMPOUND)
