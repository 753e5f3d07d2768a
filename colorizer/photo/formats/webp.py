"""WebP (RFC 9649), read and written by libvips, which holds it whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.blocks.behind import end_of_webp, name_behind
from colorizer.photo.blocks.webp import read_webp, write_webp
from colorizer.photo.formats.photo_format import Ends, Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo


def _matches(start: bytes, _file: BinaryIO) -> bool:
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.picture import Photo

    picture = open_with_vips(source, "webpload_source", opening, whole=True, n=-1)
    return Photo(WEBP, (picture,), lossless=_is_lossless(source), notes=name_behind(source, end_of_webp))


def _is_lossless(source: Path) -> bool:
    """Whether the first bitstream chunk is VP8L (RFC 9649, 2.6); it may follow an extended header, VP8X."""
    with source.open("rb") as file:
        return b"VP8L" in file.read(4096)[12:]


def _save(image: pyvips.Image, path: Path, photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    save_with_vips(image, path, ".webp", keep="icc", Q=settings.webp_quality, lossless=photo.lossless, exact=True)


def _lacks_end(ends: Ends) -> bool:
    return ends.size < 8 + int.from_bytes(ends.start[4:8], "little")


WEBP = PhotoFormat(
    name="webp",
    title="WebP",
    suffixes=(".webp",),
    matches=_matches,
    open=_open,
    save=_save,
    longest_side=16383,
    holds_frames=True,
    lacks_end=_lacks_end,
    read_blocks=read_webp,
    write_blocks=write_webp,
)
