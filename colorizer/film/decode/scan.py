"""How a film was scanned, judged by its frames: whole frames, fields of two moments, or fields of film (telecine).

Flags often lie: discs flag film as interlaced, captures of tapes flag fields as frames. libav's filter `idet` compares
the lines of neighbouring frames.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from fractions import Fraction
from itertools import islice, pairwise

import av
import cv2
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from torch import Tensor

from colorizer.film.decode.film_info import BOTTOM_FIRST, PROGRESSIVE, TOP_FIRST, FilmInfo, Scan
from colorizer.film.decode.libav_filter import graph_of
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.settings import FilmSettings

RUN = 16
"""Number of neighbouring frames by which the scan is judged at a place."""
_CYCLE = 5
"""Number of frames after which the pattern of telecine is repeated."""
_WHOLE = 1.0
"""Ratio (see `comb_ratios`) below which a frame is of one moment, if `idet` says so too."""
_LEAST_SIDE = 16
"""Lines and columns below which nothing is judged."""
_LEAST_FRAMES = 3
"""Number of frames with movement that a verdict against the flags needs."""
_FLAGS_LIE = 0.02
"""Most combed frames, as a share, of a film that is progressive although it is flagged as interlaced."""
_COMBED, _ALL_COMBED = 0.3, 0.8
"""Least share of combed frames of an unflagged film that is interlaced in part, and of one that is throughout."""
_REPEATED = (0.1, 0.3)
"""Share of the moving frames in which a field of the frame before is repeated, for each of both fields: one of five."""
_COMBS, _LEAST_LINES = 1.1, 240
"""Least ratio (see `comb_ratios`) in a tenth of the frames of an unflagged film that is interlaced, and its least
height. Progressive films are at 0.5 to 0.85, and test patterns at 1."""
_MOVES = 10
"""Change, of 255, from which a sample moves; grain changes less."""
_LEAST_PIXELS = 100
"""Number of moving samples from which a frame tells anything."""
_TELECINED_LEAST = 10
"""Number of moving frames that show the pattern."""
_TELECINED_RATES = (Fraction(295, 10), Fraction(305, 10))
"""Frames per second of telecined film: 24 film frames in 60 fields."""
_MATCHED = frozenset({"yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray"})
"""Pixel formats that libav's filter `fieldmatch` takes as they are."""


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """Number of frames of each kind."""

    flagged: int = 0
    """Number of frames that the file calls interlaced."""
    top_first: int = 0
    bottom_first: int = 0
    progressive: int = 0
    repeated_top: int = 0
    repeated_bottom: int = 0

    def __add__(self, other: FieldCounts) -> FieldCounts:
        return FieldCounts(*map(operator.add, astuple(self), astuple(other)))

    @property
    def moving(self) -> int:
        """Number of frames in which movement shows how they were scanned."""
        return self.top_first + self.bottom_first + self.progressive

    @property
    def combed(self) -> float:
        """Share of the moving frames whose fields are of two moments."""
        return (self.top_first + self.bottom_first) / max(1, self.moving)


def judge_scan(info: FilmInfo, runs: Iterable[Iterator[VideoFrame]], settings: FilmSettings) -> FilmInfo:
    """What a film is, with its scan as its frames show it, or as the settings say.

    Args:
        info: the film as its headers describe it.
        runs: `RUN` neighbouring frames, or fewer, at some places of it; no more are read than are needed.
        settings: what may be done.

    """
    if settings.interlaced == "progressive":
        return replace(info, scan=Scan.PROGRESSIVE, field_order=PROGRESSIVE)
    is_believed = settings.interlaced in {"deinterlace", "keep"}
    if is_believed and info.interlaced:
        return replace(info, scan=Scan.FLAGGED)
    counts, combs = FieldCounts(), list[float]()
    for run in runs:
        usual = (picture for picture in run if _is_usual(picture, info))
        alike = list(islice(usual, 1 + _CYCLE))
        if _are_whole(alike, info):
            counts += FieldCounts(progressive=RUN - 1)  # as the others of the run would be
            combs += [0.0] * (RUN - 1)
            continue
        alike += usual
        found = count_fields(alike, info.time_base)
        counts += found
        combs += [] if info.interlaced else _combs(alike, found, info)
    if settings.interlaced == settings.pulldown == "auto" and _is_telecined(counts, info):
        return replace(info, scan=Scan.TELECINED, field_order=_order(counts, info))
    if (is_believed and counts.flagged) or counts.moving < _LEAST_FRAMES:
        return replace(info, scan=Scan.FLAGGED)
    if info.interlaced or counts.flagged:
        lie = counts.combed <= _FLAGS_LIE
        return replace(info, scan=Scan.PROGRESSIVE, field_order=PROGRESSIVE) if lie else _interlaced(info, counts)
    return _interlaced(info, counts) if counts.combed >= _COMBED and _shows_combs(combs, info) else info


def count_fields(frames: Iterable[VideoFrame], time_base: Fraction) -> FieldCounts:
    """Count what neighbouring frames are; the first only begins the comparison."""
    graph: Graph | None = None
    metadata: dict[str, str] = {}
    flagged = 0
    for frame in frames:
        if min(frame.width, frame.height) < _LEAST_SIDE:
            return FieldCounts()
        flagged += frame.interlaced_frame
        graph = graph or graph_of("idet", "half_life=0", frame, time_base)
        graph.vpush(frame)
        metadata = _last_metadata(graph) or metadata
    if graph is None:
        return FieldCounts()
    graph.vpush(None)
    metadata = _last_metadata(graph) or metadata
    names = ("multiple.tff", "multiple.bff", "multiple.progressive", "repeated.top", "repeated.bottom")
    found = (round(float(metadata.get(f"lavfi.idet.{name}", 0))) for name in names)
    return FieldCounts(flagged, *found)


def comb_ratios(lumas: Sequence[Tensor]) -> list[float]:
    """How much neighbouring lines differ where something moves, against lines of the same field, for each frame.

    About 0.6 in frames of one moment, and 1 or more in frames of two if these move by four samples or more. `idet`
    takes a pan by an odd number of lines for two moments; this does not.

    Args:
        lumas: of neighbouring frames of one size, integers, (H, W).

    """
    ratios = []
    for before, luma in pairwise(each.numpy() for each in lumas):
        moves = cv2.absdiff(luma, before) > int(_MOVES * int(luma.max()) / 255)
        inside = (moves[2:] & moves[1:-1] & moves[:-2]).view(np.uint8)
        if np.count_nonzero(inside) >= _LEAST_PIXELS:
            near, far = (cv2.sumElems(cv2.absdiff(lines, luma[:-2]) * inside)[0] for lines in (luma[1:-1], luma[2:]))
            ratios.append(near / max(far, 1))
    return ratios


def _are_whole(run: Sequence[VideoFrame], info: FilmInfo) -> bool:
    """Whether all frames of a whole cycle move, and are of one moment without doubt."""
    if info.interlaced or len(run) <= _CYCLE or any(picture.interlaced_frame for picture in run):
        return False
    ratios = comb_ratios([luma_codes(picture, info.coding) for picture in run])
    if len(ratios) < _CYCLE or max(ratios) >= _WHOLE:
        return False
    found = count_fields(run, info.time_base)  # which sees slow movement too
    return not found.top_first + found.bottom_first


def _combs(run: Sequence[VideoFrame], found: FieldCounts, info: FilmInfo) -> list[float]:
    """The ratios of a run's frames; 0, without the work, where `idet` has found none of two moments."""
    if not found.top_first + found.bottom_first:
        return [0.0] * found.moving
    return comb_ratios([luma_codes(picture, info.coding).clone() for picture in run])


def _shows_combs(ratios: Sequence[float], info: FilmInfo) -> bool:
    return bool(ratios) and info.height >= _LEAST_LINES and sorted(ratios)[len(ratios) * 9 // 10] >= _COMBS


def _is_usual(picture: VideoFrame, info: FilmInfo) -> bool:
    """Whether a picture has the size and format of the film's first one: both may change in a broadcast."""
    return (picture.width, picture.height, picture.format.name) == (info.width, info.height, info.pixels)


def _last_metadata(graph: Graph) -> dict[str, str]:
    metadata: dict[str, str] = {}
    while True:
        try:
            metadata = dict(graph.vpull().metadata)
        except (av.error.BlockingIOError, av.error.EOFError):
            return metadata


def _is_telecined(counts: FieldCounts, info: FilmInfo) -> bool:
    least, most = _REPEATED
    repeated = (counts.repeated_top / max(1, counts.moving), counts.repeated_bottom / max(1, counts.moving))
    return (
        counts.moving >= _TELECINED_LEAST
        and info.pixels in _MATCHED
        and _TELECINED_RATES[0] < info.rate < _TELECINED_RATES[1]
        and counts.combed >= _COMBED
        and all(least <= share <= most for share in repeated)
    )


def _order(counts: FieldCounts, info: FilmInfo) -> int:
    if counts.top_first == counts.bottom_first:
        return info.field_order if info.interlaced else TOP_FIRST
    return TOP_FIRST if counts.top_first > counts.bottom_first else BOTTOM_FIRST


def _interlaced(info: FilmInfo, counts: FieldCounts) -> FilmInfo:
    scan = Scan.INTERLACED if counts.combed >= _ALL_COMBED else Scan.MIXED
    return replace(info, scan=scan, field_order=_order(counts, info))
