"""PCX (ZSoft's technical reference manual), read and written by Pillow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.photo.formats.photo_format import Ends, Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo


def _matches(start: bytes, _file: BinaryIO) -> bool:
    """Whether the header is that of a kind that Pillow reads."""
    if len(start) < 128 or start[0] != 10 or start[64]:
        return False
    version, encoding, bits, planes = *start[1:4], start[65]
    deep = version == 5 and bits == 8 and planes in {1, 3}
    return version in {0, 2, 3, 4, 5} and encoding == 1 and (deep or (bits == 1 and planes in {1, 2, 4}))


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.checks import check_end
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    check_end(source, PCX)  # without its palette, the decoder takes the numbers of colours for grey
    picture, notes = open_with_pillow(source, "PCX", opening)
    return Photo(PCX, (picture,), notes=notes)


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.pillow import save_with_pillow

    save_with_pillow(image, path, "PCX")


def _lacks_palette(ends: Ends) -> bool:
    """Whether a picture of one plane of 8 bits that is not grey has no palette behind its samples."""
    start = ends.start
    has_palette = start[3] == 8 and start[65] == 1 and start[68] != 2
    return has_palette and ends.tail[-769:-768] != b"\x0c"


PCX = PhotoFormat(
    name="pcx",
    title="PCX",
    suffixes=(".pcx",),
    matches=_matches,
    open=_open,
    save=_save,
    longest_side=65534,
    holds_alpha=False,
    keeps_metadata=False,
    lacks_end=_lacks_palette,
)
