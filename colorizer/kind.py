"""What a file is, by its first bytes and never by its name: a photograph, perhaps a film, or neither."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from colorizer.errors import UnsupportedError

_PHOTOS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "BigTIFF",
    b"MM\x00+": "BigTIFF",
}
_OTHERS = {
    b"%PDF": "a PDF document",
    b"%!PS": "a PostScript document",
    b"<svg": "an SVG drawing",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"MZ": "a Windows program",
    b"\x00\x00\x01\x00": "an icon",
    b"SQLite format 3": "a database",
    b"ID3": "sound",
    b"fLaC": "sound",
}
_LOOKED_AT = 512


def kind_of(path: Path) -> Literal["photo", "film"]:
    """Tell a photograph from what may be a film (which only its decoder can tell).

    Raises:
        UnsupportedError: it is empty, or something else that is known.

    """
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if not start:
        raise UnsupportedError(f"{path.name}: the file is empty")
    if start.startswith(tuple(_PHOTOS)) or (start[:4] == b"RIFF" and start[8:12] == b"WEBP"):
        return "photo"
    for signature, name in _OTHERS.items():
        if start.startswith(signature):
            raise UnsupportedError(f"{path.name}: no photograph or film, but {name}")
    if b"<svg" in start or start.lstrip().startswith((b"<?xml", b"<!DOCTYPE", b"<html")):
        raise UnsupportedError(f"{path.name}: no photograph or film, but a drawing or document in XML")
    return "film"
