"""TIFF (TIFF 6.0 and BigTIFF), read and written by libvips, page by page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, starts_with
from colorizer.photo.tags import (
    BITS,
    COMPRESSION,
    PHOTOMETRIC,
    SAMPLE_FORMAT,
    SAMPLES,
    SUBFILE_TYPE,
    Tags,
    descriptive,
    number,
    read_directories,
)
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo, Picture

_DEPTHS = {1, 2, 4, 8, 16, 32}
_COMPLEX = {5, 6}
"""Sample formats that are not pictures (Adobe Pagemaker 6.0 TIFF technical notes)."""
_JPEG = {6, 7}
"""Compressions whose decoder turns Y'CbCr into R'G'B'."""
_YCBCR, _CIELAB = 6, 8
_OTHER_LABS = {9: "ICC's Lab", 10: "ITU's Lab"}
_BIGTIFF_BYTES = 3.5e9
"""Size of the samples from which a result is a BigTIFF: a TIFF holds 4 GiB."""


def _open(source: Path, opening: Opening) -> Photo:
    """Open every page, without the reduced copies of pages, which viewers make for themselves."""
    from colorizer.photo.picture import Photo

    directories = _read_directories(source)
    pages = [page for page, tags in enumerate(directories) if not number(tags, SUBFILE_TYPE, 0) & 1]
    if not pages:
        raise TruncatedError(f"{source.name}: the picture ends too early (no picture is in the file)")
    for page in pages:
        check_support(source.name, directories[page])
    pictures = []
    for page in pages:
        pictures.append(_open_page(source, opening, page, descriptive(directories[page])))
        opening = opening.after(pictures[-1])
    reduced = len(directories) - len(pages)
    notes = (f"{reduced} reduced copies of pages left out",) if reduced else ()
    return Photo(TIFF, tuple(pictures), notes=notes)


def _read_directories(source: Path) -> list[Tags]:
    try:
        return read_directories(source)
    except EOFError as error:
        raise TruncatedError(f"{source.name}: the picture ends too early ({error})") from error
    except ValueError as error:
        raise MediaError(f"{source.name}: the picture is damaged ({error})") from error


def _open_page(source: Path, opening: Opening, page: int, tags: Tags) -> Picture:
    from colorizer.photo.codecs.vips import open_with_vips

    return open_with_vips(source, "tiffload_source", opening, tags=tags, page=page)


def check_support(name: str, tags: Tags) -> None:
    """Check by its tags that libvips reads the samples of a page correctly.

    Args:
        name: of the file, for messages.
        tags: of the page.

    Raises:
        UnsupportedError: it does not.

    """
    bits, space = number(tags, BITS, 1), number(tags, PHOTOMETRIC, 1)
    if bits not in _DEPTHS:
        raise UnsupportedError(f"{name}: {bits} bits a sample are not coloured; save it with 16")
    if number(tags, SAMPLE_FORMAT, 1) in _COMPLEX:
        raise UnsupportedError(f"{name}: complex samples are not coloured")
    if space == _YCBCR and number(tags, COMPRESSION, 1) not in _JPEG:
        raise UnsupportedError(f"{name}: Y'CbCr that is not compressed as JPEG is not coloured; save it as RGB or grey")
    if space in _OTHER_LABS or (space == _CIELAB and bits == 8):
        kind = _OTHER_LABS.get(space, "Lab of 8 bits a sample")
        raise UnsupportedError(f"{name}: {kind} is not coloured; save it as RGB, grey, or Lab of 16 bits")
    if space == _CIELAB and number(tags, SAMPLES, 3) > 3:  # libvips takes opaque for negative
        raise UnsupportedError(f"{name}: Lab with transparency is not coloured; save it as RGB or grey")


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    size = image.width * image.height * image.bands * {"uchar": 1, "ushort": 2, "float": 4}[image.format]
    predictor = "float" if image.format == "float" else "horizontal"
    save_with_vips(image, path, ".tiff", compression="deflate", predictor=predictor, bigtiff=size > _BIGTIFF_BYTES)


TIFF = PhotoFormat(
    name="tiff",
    title="TIFF",
    suffixes=(".tif", ".tiff"),
    matches=starts_with(b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+"),
    open=_open,
    save=_save,
    deepest="float",
    holds_pages=True,
)
