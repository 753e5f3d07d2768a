"""The luma of a JPEG at a reduced size; groups of its restart intervals are decoded at the same time.

Nothing in a restart interval depends on another (ITU-T T.81, B.2.4.4). So some of them, behind the header of the file,
are a picture of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from colorizer.errors import MediaError, TruncatedError
from colorizer.photo.blocks.jpeg_segments import (
    END_OF_IMAGE,
    FRAMES,
    RESTART_INTERVAL,
    START_OF_IMAGE,
    read_header,
    restart,
    segment,
    with_height,
)
from colorizer.photo.codecs.strip_pool import in_threads

_BLOCK = 8
"""Lines and columns of a block, of which an interval has whole lines."""
_READ, _MOST = 1 << 20, 1 << 24
"""Bytes that are read at a time, and most pixels of a group."""
_MARKER = re.compile(rb"\xff[\xd0-\xd7\xd9]")
"""What is between two restart intervals, and behind the last one."""
_REDUCED = {
    8: cv2.IMREAD_REDUCED_GRAYSCALE_8,
    4: cv2.IMREAD_REDUCED_GRAYSCALE_4,
    2: cv2.IMREAD_REDUCED_GRAYSCALE_2,
    1: cv2.IMREAD_GRAYSCALE,
}
"""How OpenCV's decoder reduces a picture to one part in so many."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a file is coded."""

    segments: tuple[tuple[int, bytes], ...]
    """Marker and content of all up to the first scan's."""
    width: int
    height: int
    lines: int
    """Lines of a restart interval; all where there are none."""

    def header(self, height: int) -> bytes:
        """The header of the file, for some of its lines."""
        parts = (segment(one, with_height(own, height) if one in FRAMES else own) for one, own in self.segments)
        return START_OF_IMAGE + b"".join(parts)


def read_reduced_luma(path: Path, side: int) -> NDArray[np.uint8]:
    """Read the luma of a JPEG, reduced by its decoder to no less than `side`; that of R'G'B' would be clipped.

    Args:
        path: a file that tintd wrote: chroma has all of its resolution, and a restart interval whole lines of blocks.
        side: least height and width.

    Returns:
        Luma as it is stored, (h, w).

    Raises:
        MediaError: the picture cannot be decoded.
        TruncatedError: it ends too early.
        OSError: it cannot be read.

    """
    with path.open("rb") as file:
        layout = _read_layout(file)
        fitting = (one for one in _REDUCED if min(layout.width, layout.height) >= one * side)
        decode = partial(_decode, flags=_REDUCED[next(fitting, 1)] | cv2.IMREAD_IGNORE_ORIENTATION)
        parts = list(in_threads(partial(decode, group) for group in _groups(file, layout)))
    return np.concatenate(parts)


def _read_layout(file: BinaryIO) -> _Layout:
    header = read_header(file)
    _, frame = header.frame or (0, b"")
    height, width = (int.from_bytes(frame[place : place + 2], "big") for place in (1, 3))
    if not height or not width:
        raise MediaError("it has no picture")
    interval = int.from_bytes(dict(header.segments).get(RESTART_INTERVAL, b""), "big")
    return _Layout(header.segments, width, height, _BLOCK * interval // -(-width // _BLOCK) or height)


def _groups(file: BinaryIO, layout: _Layout) -> Iterator[bytes]:
    """The picture in parts, each a JPEG: about four for each thread, so that no thread waits long for the last one."""
    intervals, lines = _intervals(file, layout), layout.lines
    number = -(-layout.height // lines)
    together = max(1, min(_MOST // (lines * layout.width), -(-number // (4 * torch.get_num_threads()))))
    for first in range(0, number, together):
        parts = [layout.header(min(together * lines, layout.height - first * lines))]
        for place, interval in enumerate(islice(intervals, together)):
            parts += [restart(place - 1), interval] if place else [interval]
        yield b"".join((*parts, END_OF_IMAGE))


def _intervals(file: BinaryIO, layout: _Layout) -> Iterator[bytes]:
    """The entropy-coded data of each restart interval, in which no marker occurs.

    Raises:
        MediaError: one is missing.
        TruncatedError: the file ends before the last one does.

    """
    last = -(-layout.height // layout.lines) - 1
    content, begin = b"", 0
    for number in range(last + 1):
        while (found := _MARKER.search(content, begin)) is None:
            more = file.read(_READ)
            if not more:
                raise TruncatedError("it ends too early")
            content, begin = content[begin:] + more, 0
        if found.group() != (END_OF_IMAGE if number == last else restart(number)):
            raise MediaError("a part of it is missing")
        yield content[begin : found.start()]
        begin = found.end()


def _decode(encoded: bytes, flags: int) -> NDArray[np.uint8]:
    decoded = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
    if decoded is None:
        raise MediaError("it cannot be decoded")
    return cast("NDArray[np.uint8]", decoded)
