"""JPEG 2000 (ISO/IEC 15444-1), read and written by Pillow; its EXIF and XMP lie in boxes of their own (I.7.2)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.blocks.behind import end_of_jp2, name_behind
from colorizer.photo.formats.photo_format import Ends, Opening, PhotoFormat, starts_with
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips
    from PIL.Image import Image

    from colorizer.photo.picture import Photo

_UUIDS = {"xmp": bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), "exif": b"JpgTiffExif->JP2"}
"""XMP, part 3, 1.1.4, and what ExifTool and Exiv2 write."""
_EXIF_HEAD = b"Exif\x00\x00"
_MOST_METADATA = 64 << 20
"""Size in bytes up to which a box of metadata is read."""
_END_OF_CODESTREAM = b"\xff\xd9"
"""End marker, which packets never contain (ISO/IEC 15444-1, A.4.4); metadata may follow it."""


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    picture, notes = open_with_pillow(source, "JPEG2000", opening, metadata=read_boxes, bits=_bits)
    return Photo(JP2, (picture,), notes=notes + name_behind(source, end_of_jp2))


def _bits(source: Path, image: Image) -> int:
    """Bits of a sample where Pillow reads it with 8: those of the first component (A.5.1)."""
    if image.mode not in {"LA", "RGB", "RGBA"}:
        return 8
    with source.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
        return (content[content.find(b"\xff\x4f\xff\x51") + 42] & 0x7F) + 1


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import save_with_pillow
    from colorizer.photo.metadata import exif_and_xmp

    save_with_pillow(image, path, "JPEG2000")
    append_boxes(path, exif_and_xmp(image))


def read_boxes(path: Path) -> dict[str, bytes]:
    """Read the EXIF and XMP of a file, as far as it has them, by the names `exif` and `xmp`."""
    with path.open("rb") as file:
        found = {name: content for uuid, content in _boxes(file) for name, own in _UUIDS.items() if uuid == own}
    return {name: _EXIF_HEAD + content if name == "exif" else content for name, content in found.items()}


def append_boxes(path: Path, metadata: dict[str, bytes]) -> None:
    """Append EXIF and XMP to a file that has none."""
    with path.open("ab") as file:
        for name, content in metadata.items():
            bare = content.removeprefix(_EXIF_HEAD)
            file.write(struct.pack(">I", 24 + len(bare)) + b"uuid" + _UUIDS[name] + bare)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """UUID and content of each box that has a UUID."""
    place = 0
    while len(head := file.read(16)) == 16:
        length = int.from_bytes(head[:4], "big")
        length = int.from_bytes(head[8:], "big") if length == 1 else length
        if length < 8:  # to the end of the file, or damaged
            return
        if head[4:8] == b"uuid" and 24 <= length <= _MOST_METADATA:
            content = head[8:] + file.read(length - 16)
            yield content[:16], content[16:]
        place += length
        file.seek(place)


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
)
