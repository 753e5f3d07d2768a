"""What a finished film does not hold of its original's shape, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import av

from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.mp4 import unread_elements
from colorizer.film.decode.side_data import display_matrix
from colorizer.film.encode.container import Container

_UPRIGHT = (65536, 0, 0, 0, 65536)
"""The beginning of the identity display matrix, in 16.16 bits."""
_DEGREE = 1144
"""The sine of a degree, in 16.16 bits."""
_SLIGHT = 0.01
"""Relative error of a shape that a container holds as width and height."""


def describe_lost_shape(path: Path, info: FilmInfo, container: Container) -> Iterator[str]:
    """What a result does not hold of its picture's shape, because neither its codec nor its container can.

    Args:
        path: the result.
        info: the original.
        container: what kind of file the result is.

    """
    if info.shape or info.matrix is not None:
        yield from _compare(path, info, container)
    for lost in unread_elements(info.path, info.width, info.height):
        yield f"{lost} left out"


def _compare(path: Path, info: FilmInfo, container: Container) -> Iterator[str]:
    with av.open(f"file:{path}", metadata_errors="surrogateescape") as result:
        stream = result.streams.video[0]
        picture = next(result.decode(stream), None)
        shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
    matrix = picture and display_matrix(picture)
    if info.shape and abs(shape / info.shape - 1) > _SLIGHT:
        yield f"shape of the samples ({info.shape}) left out: {container.format} has no place for it with this codec"
    if info.matrix is not None and not _alike(matrix or _UPRIGHT, info.matrix):
        yield f"display matrix left out: {container.format} holds turns and mirror images alone"


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two display matrices turn, mirror and scale a picture the same way, to a degree."""
    return all(abs(one[place] - other[place]) < _DEGREE for place in (0, 1, 3, 4))
