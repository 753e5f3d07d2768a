"""Interlaced frames, whose odd and even lines show two moments, become frames of one moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import av
from av.filter import Graph

from colorizer.film.decode.deviations import DEINTERLACED, Deviation
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.libav_filter import graph_of

_LEAST_SIDE = 4
"""Lines and columns that the filter needs."""


def deinterlace(frames: Iterator[Frame], info: FilmInfo) -> Iterator[Frame]:
    """Interpolate the lines of the second field (bwdif).

    Frames that are flagged as progressive pass unchanged. As many frames come out as went in, with their times.
    """
    graph: Graph | None = None
    inside: deque[Frame] = deque()
    for frame in frames:
        if graph is None:
            if not frame.picture.interlaced_frame or min(info.width, info.height) < _LEAST_SIDE:
                yield frame
                continue
            graph = graph_of("bwdif", "mode=send_frame:deint=interlaced", frame.picture, info.time_base)
        inside.append(frame)
        graph.vpush(frame.picture)
        yield from _ready(graph, inside)
    if graph is not None:
        graph.vpush(None)
        yield from _ready(graph, inside)


def _ready(graph: Graph, inside: deque[Frame]) -> Iterator[Frame]:
    while inside:
        try:
            picture = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame = inside.popleft()
        own = (Deviation(DEINTERLACED, frame.pts, frame.end),) if frame.picture.interlaced_frame else ()
        yield replace(frame, picture=picture, deviations=frame.deviations + own)
