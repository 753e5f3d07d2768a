"""The tags of TIFF files, which EXIF uses too: read, filtered, and merged with the pages of a result."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from tifftools import read_tiff, write_tiff
from tifftools.exceptions import TifftoolsError

Tags = dict[int, dict[str, Any]]
"""The tags of a directory by number, in the form of tifftools."""

SUBFILE_TYPE, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, SAMPLE_FORMAT = 254, 258, 259, 262, 274, 277, 339
WIDTH, HEIGHT, FILL_ORDER, PLANES, T4_OPTIONS, JPEG_TABLES = 256, 257, 266, 284, 292, 347
STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_SIZES = 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES = 322, 323, 324, 325
XMP, EXIF, COLOUR_SPACE, EXTRA_SAMPLES, SUBDIRECTORIES = 700, 34665, 40961, 338, 330
LAYOUT = {
    *(SUBFILE_TYPE, 255, 256, 257, BITS, COMPRESSION, PHOTOMETRIC, 263, 264, 265, 266, 273, SAMPLES, 278, 279),
    *(280, 281, 284, 288, 289),
    *(290, 291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336),
    *(337, 338, SAMPLE_FORMAT, 340, 341, 342, 347, *range(512, 522), 529, 530, 531, 532, 34675),
}
"""Tags of the layout and meaning of samples, of which a result has its own (TIFF 6.0, and its supplements)."""
_SAMPLES_OF_PICTURES = ((STRIP_OFFSETS, STRIP_SIZES), (TILE_OFFSETS, TILE_SIZES), (513, 514))
"""Places and sizes of strips, tiles and thumbnails."""
_SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by its type, where that is more than one."""
_LARGEST_ENTRY = 20
"""Bytes of an entry of a BigTIFF behind the place of its value, at most."""
BIGTIFF_BYTES = 3.5e9
"""Size of the samples from which a result is a BigTIFF: a TIFF holds 4 GiB."""
RAW = {37399, *range(33421, 33423), *range(50706, 52600)}
"""Tags of a camera's raw samples (TIFF/EP and DNG)."""
_LAYERS = 37724
"""Photoshop's layers, which are grey."""
_SEEKS = 200_000
"""Seeks after which reading ends: a file of thousands of pages needs fewer, a cyclic chain of directories more."""


logging.getLogger("tifftools").setLevel(logging.CRITICAL)  # it warns of damage, which is reported as an error


class _LimitedFile(io.FileIO):
    """A file that allows a limited number of seeks."""

    seeks = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Seek, or raise an error after too many seeks."""
        self.seeks += 1
        if self.seeks > _SEEKS:
            raise TifftoolsError("its directories have no end")
        return super().seek(offset, whence)


def read_directories(path: Path) -> list[Tags]:
    """The tags of each of a TIFF's pictures.

    Raises:
        EOFError: the file ends too early.
        ValueError: it is damaged.

    """
    with _LimitedFile(path) as file:
        return _read(file)


def _read(file: BinaryIO | io.FileIO) -> list[Tags]:
    try:
        return [directory["tags"] for directory in read_tiff(file)["ifds"]]
    except struct.error as error:
        raise EOFError("its directories end too early") from error
    except (TifftoolsError, OSError, ValueError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError(f"its directories are damaged: {error}") from error
    except (MemoryError, TypeError) as error:
        raise ValueError("its directories are damaged") from error


def subdirectories(tags: Tags) -> list[Tags]:
    """The tags of the pictures below a directory."""
    return [directory["tags"] for group in tags.get(SUBDIRECTORIES, {}).get("ifds", []) for directory in group]


def number(tags: Tags, tag: int, default: int) -> int:
    """The first number of a tag; `default` where the tag is missing or holds something else."""
    data = tags.get(tag, {}).get("data")
    return data[0] if isinstance(data, list) and data and isinstance(data[0], int) else default


def end_of(directories: Sequence[Tags]) -> int | None:
    """The place in the file behind all that directories and their pictures take up; None where no sizes are stated."""
    if any(STRIP_OFFSETS in tags and STRIP_SIZES not in tags for tags in directories):
        return None
    return _end_of_all(directories)


def _end_of_all(directories: Iterable[Tags]) -> int:
    end = 0
    for tags in directories:
        for tag in tags.values():
            size = tag.get("count", 0) * _SIZES.get(tag.get("datatype", 0), 1)
            end = max(end, tag.get("datapos", 0) + _LARGEST_ENTRY, tag.get("offset", 0) + size)
            end = max((end, *(_end_of_all(one["tags"] for one in group) for group in tag.get("ifds", ()))))
        for places, sizes in _SAMPLES_OF_PICTURES:
            pairs = zip(*(tags.get(tag, {}).get("data", ()) for tag in (places, sizes)), strict=False)
            end = max((end, *(place + size for place, size in pairs)))
    return end


def descriptive(tags: Tags) -> Tags:
    """The tags that describe the picture, not the layout of its samples; without XMP, which libvips carries."""
    dropped = LAYOUT | RAW | {_LAYERS, XMP}
    return {tag: value for tag, value in _detached(tags).items() if tag not in dropped}


def _detached(tags: Tags) -> Tags:
    """Tags with their sub-directories, independent of the file that they were read from."""
    return {
        tag: {**value, "ifds": [[_directory(one["tags"]) for one in group] for group in value["ifds"]]}
        if "ifds" in value
        else value
        for tag, value in tags.items()
        if value.keys() & {"data", "ifds"}
    }


def _directory(tags: Tags) -> dict[str, Any]:
    return {"tags": _detached(tags), "size": 0}


def exif_of(tags: Tags) -> bytes:
    """Write descriptive tags as the EXIF of another format."""
    file = io.BytesIO()
    write_tiff([_directory(tags)], file, bigEndian=False, bigtiff=False)
    return b"Exif\x00\x00" + file.getvalue()


def tags_of_exif(exif: bytes) -> Tags:
    """Read the descriptive tags from the EXIF of another format; none where it is damaged."""
    return _of_first(partial(_read, io.BytesIO(exif.removeprefix(b"Exif\x00\x00"))))


def tags_of_raw(path: Path) -> Tags:
    """Read the descriptive tags of a raw file; none where it is not built as a TIFF."""
    return _of_first(partial(read_directories, path))


def _of_first(read: Callable[[], list[Tags]]) -> Tags:
    try:
        directories = read()
    except (ValueError, EOFError):
        return {}
    return descriptive(directories[0]) if directories else {}


def merge_pages(pages: Sequence[Path], tags: Sequence[Tags], target: Path) -> None:
    """Merge pages, each a TIFF of one picture, into one TIFF, and add tags to each.

    Args:
        pages: files of one page.
        tags: tags of each page, which replace those in its file.
        target: file to write.

    """
    directories = []
    for page, own in zip(pages, tags, strict=True):
        with page.open("rb") as file:
            directory = read_tiff(file)["ifds"][0]
        directories.append({**directory, "path_or_fobj": page, "tags": directory["tags"] | own})
    big = any(directory["bigtiff"] for directory in directories)
    with target.open("wb") as result:
        write_tiff(directories, result, bigEndian=False, bigtiff=big)
