"""Interlaced and telecined frames, whose odd and even lines show two moments, become frames of one moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, starmap
from math import inf
from statistics import median

import av
import torch
from av.filter import Graph
from torch import Tensor

from colorizer.film.decode.deviations import DEINTERLACED, PULLDOWN_UNDONE, Deviation
from colorizer.film.decode.film_info import BOTTOM_FIRST, FilmInfo, Scan
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.libav_filter import chain_of

_LEAST_SIDE = 4
"""Lines and columns that the filter needs."""
_CYCLE = 5
"""Frames of telecined film, of which one shows nothing new."""
_REPEATS = 0.5
"""Most change that a repeated frame shows, as a share of the median change in its cycle: noise of the tape, say."""
_UNCLEAR = 3
"""Cycles in a row in which the place of the repeated frame is taken from the cycle before: a key frame differs from its
repeat, for instance."""
_STILL = 0.5
"""Change in code values of 8 bits below which nothing moves."""
_STEP = 4
"""Every fourth line and sample is compared."""


def progressive(frames: Iterator[Frame], info: FilmInfo) -> Iterator[Frame]:
    """Frames of one moment each.

    Telecined frames are put together again from their fields, and the repeated ones are left out. Of interlaced frames,
    the lines of the second field are interpolated (bwdif), and as many frames come out as went in, with their times.
    """
    if info.scan is Scan.PROGRESSIVE or min(info.width, info.height) < _LEAST_SIDE:
        return frames
    if info.scan is Scan.TELECINED:
        return _without_repeats(_filtered(frames, info))
    return _filtered(frames, info)


def _filtered(frames: Iterable[Frame], info: FilmInfo) -> Iterator[Frame]:
    graph: Graph | None = None
    inside: deque[Frame] = deque()
    for frame in frames:
        if graph is None:
            if info.scan is Scan.FLAGGED and not frame.picture.interlaced_frame:
                yield frame
                continue
            graph = chain_of(_filters(info), frame.picture, info.time_base)
        inside.append(frame)
        graph.vpush(frame.picture)
        yield from _ready(graph, inside, info.scan)
    if graph is not None:
        graph.vpush(None)
        yield from _ready(graph, inside, info.scan)


def _filters(info: FilmInfo) -> list[tuple[str, str]]:
    order = "bff" if info.field_order == BOTTOM_FIRST else "tff"
    deinterlace = ("bwdif", "mode=send_frame:deint=interlaced")
    match info.scan:
        case Scan.INTERLACED:
            return [("setfield", order), ("bwdif", "mode=send_frame:deint=all")]
        case Scan.MIXED:
            return [("idet", "half_life=0"), deinterlace]
        case Scan.TELECINED:
            return [("setfield", order), ("fieldmatch", f"order={order}"), deinterlace]
        case _:
            return [deinterlace]


def _ready(graph: Graph, inside: deque[Frame], scan: Scan) -> Iterator[Frame]:
    while inside:
        try:
            picture = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        frame = inside.popleft()
        combed = scan is Scan.INTERLACED or (scan is Scan.FLAGGED and frame.picture.interlaced_frame)
        found = scan is Scan.MIXED and picture.metadata.get("lavfi.idet.multiple.current_frame") in {"tff", "bff"}
        own = (Deviation(DEINTERLACED, frame.pts, frame.end),) if combed or found else ()
        yield replace(frame, picture=picture, deviations=frame.deviations + own)


def _without_repeats(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Each cycle without the frame that repeats the one before it, and its others spread over its time."""
    before: Tensor | None = None
    usual: int | None = None
    unclear = 0
    cycle: list[Frame] = []
    for frame in frames:
        cycle.append(frame)
        if len(cycle) == _CYCLE:
            lumas = [_luma(each) for each in cycle]
            first = inf if before is None else _change(before, lumas[0])
            changes = [first, *starmap(_change, pairwise(lumas))]
            before = lumas[-1]
            repeated = repeated_frame(changes)
            unclear = 0 if repeated is not None or max(changes) < _STILL else unclear + 1
            if repeated is not None or unclear > _UNCLEAR:
                usual = repeated
            yield from _spread(cycle, usual)
            cycle = []
    yield from cycle


def repeated_frame(changes: Sequence[float]) -> int | None:
    """Which frame of a cycle clearly repeats the one before it, by the change to each frame; None where none does."""
    least = min(changes)
    return list(changes).index(least) if least < _REPEATS * median(changes) else None


def _spread(cycle: Sequence[Frame], repeated: int | None) -> Iterator[Frame]:
    if repeated is None:
        yield from cycle
        return
    begin, end = cycle[0].pts, cycle[-1].end
    lost = cycle[repeated].deviations
    kept = [frame for place, frame in enumerate(cycle) if place != repeated]
    edges = [begin + (end - begin) * place // len(kept) for place in range(len(kept) + 1)]
    for frame, (pts, until) in zip(kept, pairwise(edges), strict=True):
        own = (Deviation(PULLDOWN_UNDONE, pts, until), *lost)
        lost = ()
        frame.picture.pts = pts
        yield replace(frame, pts=pts, end=until, deviations=frame.deviations + own)


def _luma(frame: Frame) -> Tensor:
    return torch.from_dlpack(frame.picture.planes[0])[::_STEP, ::_STEP].float()


def _change(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().mean())
