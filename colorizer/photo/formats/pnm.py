"""PBM, PGM and PPM (netpbm), of which binary PPMs are written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.errors import MediaError, TruncatedError
from colorizer.photo.formats.photo_format import Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.codecs.decoded import Undecoded
    from colorizer.photo.picture import Photo

_KINDS = {b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"}
_BINARY = re.compile(rb"P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")
"""Kind, width, height and greatest sample (netpbm's pgm(5) and ppm(5)), before the samples."""


def _matches(start: bytes, _file: BinaryIO) -> bool:
    return start[:2] in _KINDS and start[2:3].isspace()


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.decoded import open_decoded
    from colorizer.photo.codecs.pillow import open_with_pillow
    from colorizer.photo.picture import Photo

    with source.open("rb") as file:
        header = _BINARY.match(file.read(4096))
    if header:
        picture, notes = open_decoded(source, lambda _source: _read_header(source, header), opening)
    else:
        picture, notes = open_with_pillow(source, "PPM", opening)
    return Photo(PNM, (picture,), notes=notes)


def _read_header(source: Path, header: re.Match[bytes]) -> Undecoded:
    """Samples that lie in the file as they are."""
    import numpy as np
    import pyvips

    from colorizer.photo.codecs.decoded import Undecoded, interpretation

    kind, width, height, white = map(int, header.groups())
    bands, dtype = (3 if kind == 6 else 1), (np.dtype(">u2") if white > 255 else np.dtype("u1"))
    behind = source.stat().st_size - header.end() - width * height * bands * dtype.itemsize
    if behind < 0:
        raise TruncatedError(f"{source.name}: the picture ends too early")
    if not 0 < white < 65536 or not width or not height:
        raise MediaError(f"{source.name}: the picture is damaged (its header says {width} x {height}, white {white})")

    def decode() -> pyvips.Image:
        samples = np.memmap(source, dtype, "r", header.end(), (height, width, bands))
        sample = "uchar" if white < 256 else "ushort"
        picture = pyvips.Image.new_from_memory(samples.data, width, height, bands, sample)
        picture = picture if white < 256 else picture.byteswap()
        return picture.copy(interpretation=interpretation(bands, deep=white > 255))

    notes = (f"left out: {behind} bytes behind the picture; further pictures, perhaps",) if behind > 1 else ()
    return Undecoded(width, height, decode, whole=False, white=float(white), notes=notes)


def _save(image: pyvips.Image, path: Path, photo: Photo, _settings: PhotoSettings) -> None:
    """Write a binary PPM (netpbm's ppm(5)), whose samples are big-endian."""
    import pyvips

    white = photo.pictures[0].white
    greatest = int(white) if image.format == "ushort" or white < 256 else 255
    with path.open("wb") as file:
        file.write(b"P6\n%d %d\n%d\n" % (image.width, image.height, greatest))
        file.flush()
        target = pyvips.Target.new_to_descriptor(file.fileno())
        (image.byteswap() if image.format == "ushort" else image).rawsave_target(target)


PNM = PhotoFormat(
    name="pnm",
    title="PNM",
    suffixes=(".ppm", ".pnm"),
    source_suffixes=(".pbm", ".pgm"),
    matches=_matches,
    open=_open,
    save=_save,
    deepest="ushort",
    holds_alpha=False,
    keeps_metadata=False,
    keeps_white=True,
)
