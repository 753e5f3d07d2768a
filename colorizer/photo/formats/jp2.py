"""JPEG 2000 (ISO/IEC 15444-1), read and written by Pillow; its metadata lie in boxes of their own."""

from __future__ import annotations

from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.blocks.behind import end_of_jp2, name_behind
from colorizer.photo.blocks.jp2 import read_jp2, write_jp2
from colorizer.photo.formats.photo_format import Ends, Opening, PhotoFormat, starts_with
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips
    from PIL.Image import Image

    from colorizer.photo.picture import Photo

_END_OF_CODESTREAM = b"\xff\xd9"
"""End marker, which packets never contain (ISO/IEC 15444-1, A.4.4); metadata may follow it."""


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "JPEG2000", opening, bits=_bits)
    return Photo(JP2, (picture,), notes=notes + name_behind(source, end_of_jp2))


def _bits(source: Path, image: Image) -> int:
    """Bits of a sample where Pillow reads it with 8: those of the first component (A.5.1)."""
    if image.mode not in {"LA", "RGB", "RGBA"}:
        return 8
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return (content[content.find(b"\xff\x4f\xff\x51") + 42] & 0x7F) + 1


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import save_with_pillow

    save_with_pillow(image, path, "JPEG2000")


def _lacks_end(ends: Ends) -> bool:
    return _END_OF_CODESTREAM not in ends.path.read_bytes()


JP2 = PhotoFormat(
    name="jp2",
    title="JPEG 2000",
    suffixes=(".jp2",),
    source_suffixes=(".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    matches=starts_with(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),
    open=_open,
    save=_save,
    lacks_end=_lacks_end,
    read_blocks=read_jp2,
    write_blocks=write_jp2,
)
