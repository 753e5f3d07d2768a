"""JPEG (ITU-T T.81), read by libvips, and written by libjpeg or libvips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from colorizer.errors import UnsupportedError
from colorizer.photo.blocks.jpeg import read_jpeg, write_jpeg
from colorizer.photo.blocks.jpeg_scans import lacks_scans
from colorizer.photo.blocks.jpeg_segments import END_OF_IMAGE, Header, read_header
from colorizer.photo.blocks.trailer import read_trailer
from colorizer.photo.formats.photo_format import Opening, PhotoFormat
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import ColouredStrips, Photo

_DEFAULT_QUALITY = 95
_MORE = b"\x55\xaa" * 64
"""Codes that change a picture which lacks any, and are ignored behind one that is whole."""
_MOST_TO_MEND = 256 << 20
_LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
_FILMS = frozenset({".mjpg", ".mjpeg", ".mjp"})
_NEXT, _MOST_OF_FRAME = b"\xff\xd9\xff\xd8\xff", 64 << 20
"""The end of a frame and the beginning of the next; bytes in which it is looked for."""
_JPEG_LS = 0xF7
"""The marker of its frames (ITU-T T.87)."""
_OPTIMISED_PIXELS = 50e6
"""Pixels up to which libjpeg may hold the coefficients of a picture, to optimise its Huffman tables."""


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.checks import check_messages
    from colorizer.photo.codecs.jpeg_quality import estimate_quality
    from colorizer.photo.codecs.jpeg_stream import JpegStream
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.extras import counted_safely, left_out
    from colorizer.photo.picture import Photo

    with source.open("rb") as file:
        header = read_header(file)
        _check_process(source.name, header)
        trailer = read_trailer(file, header.scan)
        is_coarse = trailer.begin is not None and lacks_scans(file, header)
    lacks_marker = trailer.begin is None and _lacks_end_alone(source)
    stream = JpegStream.of_file(source, (trailer.begin or 0) - len(END_OF_IMAGE))

    def check_pass() -> None:
        stream.check_reading()
        if opening.fail_on == "warning":
            check_messages()
            stream.check()

    ending = END_OF_IMAGE if lacks_marker else b""
    picture = open_with_vips(
        source, "jpegload_source", opening, ending=ending, stream=stream.open, check_pass=check_pass
    )
    kinds: tuple[str, ...] = counted_safely(lambda: _kinds_of_pictures(source), ())
    notes = left_out(lambda: (sum("Thumbnail" not in kind for kind in kinds), 0))  # cameras write previews
    notes += trailer.describe(listed=max(0, len(kinds) - 1))
    if is_coarse:
        notes += ("the last scans of the file are missing: the picture has less detail than it was made with",)
    if lacks_marker:
        notes += ("the marker at the end of the file is missing; the picture is whole",)
    return Photo(JPEG, (picture,), quality=estimate_quality(source), notes=notes)


def _is_photograph(start: bytes, file: BinaryIO) -> bool:
    """Whether a file is a JPEG, and no film of JPEGs in a row, as cameras record them under the suffix .mjpg.

    Only such a file is looked at: photographs may have further pictures at their end.
    """
    if not start.startswith(b"\xff\xd8\xff"):
        return False
    if Path(file.name).suffix.lower() not in _FILMS:
        return True
    file.seek(0)
    return _NEXT not in file.read(_MOST_OF_FRAME)


def _check_process(name: str, header: Header) -> None:
    """Check that the decoder knows the coding process (T.81, table B.1) of the file of this name.

    Raises:
        UnsupportedError: it does not.

    """
    marker, content = header.frame or (0, b"")
    bits = int.from_bytes(content[:1])
    unknown = None
    if any(one == _JPEG_LS for one, _ in header.segments):
        unknown = "a JPEG-LS picture"
    elif marker in _LOSSLESS:
        unknown = "a lossless JPEG (ITU-T T.81)"
    elif bits > 8:
        unknown = f"a JPEG of {bits} bits"
    if unknown:
        raise UnsupportedError(f"{name}: {unknown}, which is not read here; save it as TIFF")


def _lacks_end_alone(source: Path) -> bool:
    """Whether all is there of a picture without a marker at its end, as some cameras and transfers leave it."""
    import pyvips

    if source.stat().st_size > _MOST_TO_MEND:
        return False
    content = source.read_bytes()
    try:
        whole = pyvips.Image.jpegload_buffer(content + END_OF_IMAGE, access="sequential", fail_on="warning")
        with_more = pyvips.Image.jpegload_buffer(content + _MORE + END_OF_IMAGE, access="sequential")
        return bool((whole != with_more).max() == 0)
    except pyvips.Error:
        return False


def _kinds_of_pictures(source: Path) -> tuple[str, ...]:
    """Kinds of all pictures of a Multi-Picture file (CIPA DC-007)."""
    from PIL import Image

    with Image.open(source, formats=["JPEG"]) as image:
        entries = (getattr(image, "mpinfo", None) or {}).get(0xB002, ())
        return tuple(entry["Attribute"]["MPType"] for entry in entries)


def _save(image: pyvips.Image, path: Path, photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    quality = _quality(photo, settings)
    optimised = image.width * image.height < _OPTIMISED_PIXELS
    save_with_vips(image, path, ".jpeg", keep="icc", Q=quality, subsample_mode="off", optimize_coding=optimised)


def _save_strips(picture: ColouredStrips, path: Path, photo: Photo, settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.jpeg_strips import write_jpeg_strips

    write_jpeg_strips(picture, path, _quality(photo, settings))


def _quality(photo: Photo, settings: PhotoSettings) -> int:
    return (photo.quality or _DEFAULT_QUALITY) if settings.jpeg_quality == "auto" else settings.jpeg_quality


JPEG = PhotoFormat(
    name="jpeg",
    title="JPEG",
    suffixes=(".jpg", ".jpeg", ".jpe", ".jfif"),
    matches=_is_photograph,
    open=_open,
    save=_save,
    save_strips=_save_strips,
    longest_side=65500,  # libjpeg, with which most programs read, takes no more (JPEG_MAX_DIMENSION)
    holds_alpha=False,
    can_be_completed=True,
    read_blocks=read_jpeg,
    write_blocks=write_jpeg,
)
