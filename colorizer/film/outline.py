"""The outline of a film: where its segments begin, found in one pass, so that several workers can colour one film."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from colorizer.durable import write_durably
from colorizer.film.colouring import measure
from colorizer.film.cuts import number_segments, work_of
from colorizer.film.decode.deviations import DAMAGED, MISSING
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.frames import read_frames
from colorizer.film.encode.segment import PROOF
from colorizer.film.plan import FilmPlan
from colorizer.film.resume import begin_workspace, is_seekable
from colorizer.job import Job, Part, ProgressCallback
from colorizer.model.colorist import Colorist
from colorizer.prefetch import prefetch

_AHEAD = 4
"""Frames that wait between decoding and measuring."""
_PART_SECONDS, _PART_WORK = 60, 3_000_000_000
"""A part ends at the first cut after so many seconds, or so many pixels that are to be coloured."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The beginning of a segment, and proof of the frames before it."""

    pts: int
    """Time at which its first frame is shown, in the stream's time base."""
    frames: int
    """Number of the film's frames before it."""
    is_cut: bool
    """Whether a shot begins there, so that nothing is carried over."""
    before: tuple[int, ...]
    """Times of the last frames before it."""
    checksums: tuple[int, ...]
    """Checksums of the luma of those frames."""


@dataclass(frozen=True, slots=True)
class Outline:
    """The segments of a film."""

    edges: tuple[Edge, ...]
    """Where each segment begins; the first one at the film's beginning."""
    frames: int
    """Number of frames of the film."""


_OUTLINE = TypeAdapter(Outline)


def is_long(info: FilmInfo) -> bool:
    """Whether a film may have several parts, by what its headers say: it has an index, and enough frames."""
    return is_seekable(info) and _is_enough(info.length / 2, info.expected // 2, info)


def make_outline(job: Job, plan: FilmPlan, colorist: Colorist, on_progress: ProgressCallback) -> Outline:
    """Find where the segments of a film begin, or recall what an earlier attempt at the same job has found.

    Raises:
        UnplannedColourError: a frame has chroma, and the film was not looked through.

    """
    begin_workspace(job, colorist)
    known = recall_outline(job)
    if known is not None:
        return known
    outline = _find_outline(job, plan, colorist, on_progress)
    write_durably(_path(job), _OUTLINE.dump_json(outline).decode())
    return outline


def recall_outline(job: Job) -> Outline | None:
    """The outline in a job's workspace; None where there is none."""
    try:
        return _OUTLINE.validate_json(_path(job).read_bytes())
    except (OSError, ValidationError):
        return None


def divide(outline: Outline, plan: FilmPlan) -> tuple[Part, ...]:
    """Divide a film into parts that begin at cuts and take about as long as each other."""
    starts = [0]
    for number, edge in enumerate(outline.edges):
        start = outline.edges[starts[-1]]
        seconds = (edge.pts - start.pts) * plan.info.time_base
        if edge.is_cut and _is_enough(seconds, edge.frames - start.frames, plan.info):
            starts.append(number)
    frames = [*(outline.edges[start].frames for start in starts), outline.frames]
    ends = [*starts[1:], len(outline.edges)]
    lengths = [after - before for before, after in pairwise(frames)]
    return tuple(Part(*part) for part in zip(starts, ends, lengths, strict=True))


def _find_outline(job: Job, plan: FilmPlan, colorist: Colorist, on_progress: ProgressCallback) -> Outline:
    """One pass over the film; a damaged one is not divided: a decoder that begins elsewhere may see other frames."""
    edges: list[Edge] = []
    recent: deque[tuple[int, int]] = deque(maxlen=PROOF)
    number, shot, is_damaged = -1, -1, False
    with prefetch(_measured(job, plan, colorist), _AHEAD) as measured:
        for number, frame in enumerate(number_segments(measured, plan.info.time_base)):
            on_progress(0, plan.info.expected)
            if frame.segment == len(edges):
                edges.append(Edge(frame.pts, number, frame.shot != shot, *_unzipped(recent)))
            is_damaged = is_damaged or any(one.what in {DAMAGED, MISSING} for one in frame.deviations)
            recent.append((frame.pts, frame.checksum))
            shot = frame.shot
    return Outline(tuple(edges[:1] if is_damaged else edges), number + 1)


def _measured(job: Job, plan: FilmPlan, colorist: Colorist) -> Iterator[Frame]:
    return measure(read_frames(plan.info, job.excerpt, keep_fields=plan.encoding.interlaced), plan, colorist)


def _unzipped(recent: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(pts for pts, _ in recent), tuple(checksum for _, checksum in recent)


def _is_enough(seconds: Fraction, frames: int, info: FilmInfo) -> bool:
    """Whether so much of a film is enough for a part."""
    return seconds >= _PART_SECONDS or frames * work_of(info.width, info.height) >= _PART_WORK


def _path(job: Job) -> Path:
    return job.workspace / "outline"
