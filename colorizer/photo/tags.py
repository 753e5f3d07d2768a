"""The tags of TIFF files, which EXIF uses too: read, chosen, and bound with the pages of a result."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from tifftools import read_tiff, write_tiff
from tifftools.exceptions import TifftoolsError

Tags = dict[int, dict[str, Any]]
"""The tags of a directory by number, as tifftools has them."""

SUBFILE_TYPE, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, SAMPLE_FORMAT = 254, 258, 259, 262, 274, 277, 339
XMP, EXIF, COLOUR_SPACE = 700, 34665, 40961
_LAYOUT = {
    *(SUBFILE_TYPE, 255, 256, 257, BITS, COMPRESSION, PHOTOMETRIC, 263, 264, 265, 266, 273, SAMPLES, 278, 279),
    *(280, 281, 284, 288, 289),
    *(290, 291, 292, 293, 301, 317, 318, 319, 320, 321, 322, 323, 324, 325, 330, 332, 333, 334, 336),
    *(337, 338, SAMPLE_FORMAT, 340, 341, 342, 347, *range(512, 522), 529, 530, 531, 532, 34675),
}
"""Tags of how the samples lie in the file and what they mean: a result has its own (TIFF 6.0, and its supplements)."""
_RAW = {37399, *range(33421, 33423), *range(50706, 52600)}
"""Tags of a camera's raw samples (TIFF/EP and DNG)."""
_LAYERS = 37724
"""Photoshop's layers, in grey."""
_SEEKS = 200_000
"""A file of thousands of pages is read with fewer; a chain of directories that bites its tail needs more."""


logging.getLogger("tifftools").setLevel(logging.CRITICAL)  # what it warns of is damage, which is told as such


class _Patient(io.FileIO):
    """A file that is searched only so often."""

    seeks = 0

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """As in a file, until patience ends."""
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
    with _Patient(path) as file:
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


def number(tags: Tags, tag: int, default: int) -> int:
    """The first number of a tag."""
    data = tags.get(tag, {}).get("data")
    return data[0] if isinstance(data, list) and data and isinstance(data[0], int) else default


def descriptive(tags: Tags) -> Tags:
    """The tags that say something of the picture, not of how its samples lie; without XMP, which has its own way."""
    dropped = _LAYOUT | _RAW | {_LAYERS, XMP}
    return {tag: value for tag, value in _detached(tags).items() if tag not in dropped}


def _detached(tags: Tags) -> Tags:
    """Tags with their sub-directories, without the file that they came from."""
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
    """Descriptive tags as the EXIF of another format."""
    file = io.BytesIO()
    write_tiff([_directory(tags)], file, bigEndian=False, bigtiff=False)
    return b"Exif\x00\x00" + file.getvalue()


def tags_of_exif(exif: bytes) -> Tags:
    """The descriptive tags in another format's EXIF; none where it is damaged."""
    return _of_first(partial(_read, io.BytesIO(exif.removeprefix(b"Exif\x00\x00"))))


def tags_of_raw(path: Path) -> Tags:
    """What a raw file says of its picture, where it is a TIFF in all but name."""
    return _of_first(partial(read_directories, path))


def _of_first(read: Callable[[], list[Tags]]) -> Tags:
    try:
        directories = read()
    except (ValueError, EOFError):
        return {}
    return descriptive(directories[0]) if directories else {}


def bind(pages: Sequence[Path], tags: Sequence[Tags], target: Path) -> None:
    """Bind pages, each a TIFF of one picture, into one TIFF, each with tags of its own."""
    directories = []
    for page, own in zip(pages, tags, strict=True):
        with page.open("rb") as file:
            directory = read_tiff(file)["ifds"][0]
        directories.append({**directory, "path_or_fobj": page, "tags": directory["tags"] | own})
    big = any(directory["bigtiff"] for directory in directories)
    with target.open("wb") as result:
        write_tiff(directories, result, bigEndian=False, bigtiff=big)
