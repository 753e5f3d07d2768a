"""The bytes of a JPEG as its decoder asks for them: data that it needs for no line are a sign of damage.

Damage in entropy-coded data seldom makes an invalid code. But behind it, the lines end before the data do, or the data
before the lines. Libjpeg warns of the first when a program tells it that a picture is finished; libvips does not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyvips

from colorizer.errors import MediaError

_NEAR, _STEP = 256, 8
"""Bytes before the end of the data that are read in small steps, and bytes of a step."""
_BLOCK = 1 << 20
"""Bytes that are read from the file at a time."""
_QUIRK = 16
"""Bytes that some cameras and old encoders leave behind the last line of a sound picture, at most."""


class JpegStream:
    """A JPEG of which is known how far it was read."""

    def __init__(self, read_at: Callable[[int, int], bytes], size: int, end: int) -> None:
        """Make a stream.

        Args:
            read_at: reads so many bytes at a place; fewer at the end.
            size: number of all bytes.
            end: where the entropy-coded data end, at the marker behind them.

        """
        self._progress = _Progress(read_at, size, end)
        self._sources: list[pyvips.SourceCustom] = []

    @classmethod
    def of_file(cls, path: Path, end: int) -> JpegStream:
        """Make a stream of a file, whose data end at a place. It is open only while it is read."""
        return cls(partial(_read_at, path), path.stat().st_size, end)

    def open(self) -> pyvips.SourceCustom:
        """A source for one pass; it can be read as long as this object exists."""
        source, (read, seek) = pyvips.SourceCustom(), _functions_of(self._progress)
        source.on_read(read)
        source.on_seek(seek)
        self._sources.append(source)
        return source

    def check_reading(self) -> None:
        """Check after a pass that all could be read: a decoder takes an error for the end of the file.

        Raises:
            OSError: it could not.

        """
        if self._progress.error is not None:
            raise self._progress.error

    def check(self) -> None:
        """Check after a pass that the decoder needed the data to their end.

        Raises:
            MediaError: it did not. Most such pictures are damaged; a few have data that mean nothing.
            OSError: see `check_reading`.

        """
        self.check_reading()
        progress = self._progress
        left = progress.end - progress.furthest
        if left > _QUIRK and progress.read_at(left, progress.furthest).strip(b"\x00\xff"):
            raise MediaError(f"the picture may be damaged ({left} bytes of data are left behind its last line)")


def _read_at(path: Path, size: int, place: int) -> bytes:
    with path.open("rb") as file:
        return os.pread(file.fileno(), size, place)


class _Progress:
    def __init__(self, read_at: Callable[[int, int], bytes], size: int, end: int) -> None:
        self.read_at, self.size, self.end = read_at, size, end
        self.furthest = 0
        self.error: OSError | None = None


def _functions_of(progress: _Progress) -> tuple[Callable[[int], bytes], Callable[[int, int], int]]:
    """The functions of a source. They know no source, so that all is freed with the last image."""
    block, begin, place = b"", 0, 0

    def read(size: int) -> bytes:
        nonlocal block, begin, place
        if not begin <= place < begin + len(block):  # to read each few KiB would wait for other threads each time
            try:
                block, begin = progress.read_at(_BLOCK, place), place
            except OSError as error:  # nobody would catch it here
                progress.error = error
                return b""
        most = size if place >= progress.end else max(_STEP, min(size, progress.end - _NEAR - place))
        content = block[place - begin : place - begin + most]
        place += len(content)
        progress.furthest = max(progress.furthest, place)
        if 0 < progress.end <= place:
            block = b""  # the picture may wait long, and needs no more
        return content

    def seek(offset: int, whence: int) -> int:
        nonlocal place
        place = {os.SEEK_SET: 0, os.SEEK_CUR: place, os.SEEK_END: progress.size}[whence] + offset
        return place

    return read, seek
