"""The outline of a film: its plan, and where its segments begin, so that several workers can colour one film.

It is made once, in one pass over the film, and lies in the workspace, where all who colour and join parts read it.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from colorizer.film.resume import begin_workspace, has_begun, is_seekable
from colorizer.film.scenes import Scenes
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
    """The plan and the segments of a film."""

    plan: FilmPlan
    edges: tuple[Edge, ...]
    """Where each segment begins; the first one at the film's beginning."""
    frames: int
    """Number of frames of the film."""


_OUTLINE = TypeAdapter(Outline)


def is_long(info: FilmInfo) -> bool:
    """Whether a film may have several parts, by what its headers say: it has an index, and enough frames."""
    return is_seekable(info) and _is_enough(info.length / 2, info.expected // 2, info)


def make_outline(job: Job, plan: FilmPlan, colorist: Colorist, on_progress: ProgressCallback) -> Outline:
    """Find where the segments of a film begin, and keep this with the plan in the workspace.

    Raises:
        UnplannedColourError: a frame has chroma, and the film was not looked through.

    """
    begin_workspace(job, colorist)
    outline = _find_outline(job, plan, colorist, on_progress)
    # Tags and names of files may have bytes that are no UTF-8, which pydantic's own JSON refuses.
    write_durably(_path(job), json.dumps(_OUTLINE.dump_python(outline, mode="json")))
    return outline


def recall_outline(job: Job, colorist: Colorist) -> Outline | None:
    """The outline that an earlier task of the same job has made, of the film as this machine sees it; else None."""
    if not has_begun(job, colorist):
        return None
    try:
        outline = _OUTLINE.validate_python(json.loads(_path(job).read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None
    info = replace(outline.plan.info, path=job.source)  # another machine may have the folder in another place
    return replace(outline, plan=replace(outline.plan, info=info))


def divide(outline: Outline) -> tuple[Part, ...]:
    """Divide a film into parts that begin at cuts and take about as long as each other."""
    info, starts = outline.plan.info, [0]
    for number, edge in enumerate(outline.edges):
        start = outline.edges[starts[-1]]
        seconds = (edge.pts - start.pts) * info.time_base
        if edge.is_cut and _is_enough(seconds, edge.frames - start.frames, info):
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
    checked = replace(plan, scenes=plan.scenes or Scenes())  # no frame has shown chroma that was not expected
    return Outline(checked, tuple(edges[:1] if is_damaged else edges), number + 1)


def _measured(job: Job, plan: FilmPlan, colorist: Colorist) -> Iterator[Frame]:
    return measure(read_frames(plan.info, job.excerpt, keep_fields=plan.encoding.interlaced), plan, colorist)


def _unzipped(recent: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(pts for pts, _ in recent), tuple(checksum for _, checksum in recent)


def _is_enough(seconds: Fraction, frames: int, info: FilmInfo) -> bool:
    """Whether so much of a film is enough for a part."""
    return seconds >= _PART_SECONDS or frames * work_of(info.width, info.height) >= _PART_WORK


def _path(job: Job) -> Path:
    return job.workspace / "outline"
