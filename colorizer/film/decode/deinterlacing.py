"""Interlaced frames, whose odd and even lines show two moments, become frames of one moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av
from av.filter import Graph

from colorizer.film.decode.deviations import DEINTERLACED, Flaw
from colorizer.film.decode.libav_filter import graph_of
from colorizer.film.decode.probe import Footage, Frame

_LEAST_SIDE = 4
"""Lines and columns that the filter needs."""


def deinterlace(frames: Iterator[Frame], footage: Footage) -> Iterator[Frame]:
    """Interpolate the lines of the second field (bwdif).

    Frames that are flagged as whole pass as they are. As many frames come out as went in, with their times.
    """
    graph: Graph | None = None
    inside: deque[Frame] = deque()
    for frame in frames:
        if graph is None:
            if not frame.picture.interlaced_frame or min(footage.width, footage.height) < _LEAST_SIDE:
                yield frame
                continue
            graph = graph_of("bwdif", "mode=send_frame:deint=interlaced", frame.picture, footage.time_base)
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
        own = (Flaw(DEINTERLACED, frame.pts, frame.end),) if frame.picture.interlaced_frame else ()
        yield Frame(picture, frame.pts, frame.end, frame.flaws + own)
