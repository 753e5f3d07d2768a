"""The outline of a film: its plan, and where its segments begin, so that several workers can colour one film.

It is made once, and lies in the workspace, where all who colour and join parts read it.
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
from colorizer.errors import MediaError
from colorizer.film.cuts import Place, work_of
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.encode.segment import PROOF
from colorizer.film.plan import FilmPlan, plan_scenes
from colorizer.film.resume import begin_workspace, has_begun, is_seekable
from colorizer.film.scenes import Scenes
from colorizer.film.survey import Survey, agree, make_survey, recall_survey, spans_of
from colorizer.job import Job, Part, ReadCallback, Span
from colorizer.model.colorist import Colorist

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
    """Where each segment begins; the first one at the film's beginning. Empty where nobody has looked yet."""
    frames: int
    """Number of frames of the film."""


_OUTLINE = TypeAdapter(Outline)


def is_long(info: FilmInfo) -> bool:
    """Whether a film may have several parts, by what its headers say: it has an index, and enough frames."""
    return is_seekable(info) and _is_enough(info.length / 2, info.expected // 2, info)


def begin_outline(job: Job, plan: FilmPlan, colorist: Colorist) -> Outline:
    """Keep the plan of a film in the workspace; where its segments begin is not known yet."""
    begin_workspace(job, colorist)
    return _remember(Outline(plan, (), 0), job)


def survey_outline(job: Job, outline: Outline, colorist: Colorist, on_read: ReadCallback) -> Outline:
    """Find where the segments of a film begin, from the surveys of its spans; those that are missing are made.

    Where they show chroma that the plan does not expect, the film is looked through, and the plan gets its scenes.

    Raises:
        InColourError: see `plan_scenes`.
        MediaError: the film is damaged, or its workspace has gone.

    """
    plan, spans = outline.plan, spans_of(outline.plan.info, job.excerpt)
    if not _are_surveyed(job, plan, spans, colorist, on_read):
        spans = (Span(None, None),)  # decoding cannot begin anywhere: one pass over all of it
        make_survey(job, plan, spans[0], colorist, on_read)
    edges, frames = _find_edges(job, plan.info, spans)
    found = [(survey.is_damaged, survey.is_coloured) for _, survey in _surveys(job, spans)]
    if any(is_damaged for is_damaged, _ in found):
        edges = edges[:1]  # it is not divided: a decoder that begins elsewhere may see other frames
    is_coloured = any(is_coloured for _, is_coloured in found)
    plan = plan_scenes(plan, job, colorist, on_read) if is_coloured else replace(plan, scenes=plan.scenes or Scenes())
    return _remember(Outline(plan, edges, frames), job)


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
    info, starts = outline.plan.info, [0] if outline.edges else []
    for number, edge in enumerate(outline.edges):
        start = outline.edges[starts[-1]]
        seconds = (edge.pts - start.pts) * info.time_base
        if edge.is_cut and _is_enough(seconds, edge.frames - start.frames, info):
            starts.append(number)
    frames = [*(outline.edges[start].frames for start in starts), outline.frames]
    ends = [*starts[1:], len(outline.edges)]
    lengths = [after - before for before, after in pairwise(frames)]
    return tuple(Part(*part) for part in zip(starts, ends, lengths, strict=True))


def _are_surveyed(job: Job, plan: FilmPlan, spans: Sequence[Span], colorist: Colorist, on_read: ReadCallback) -> bool:
    """Survey the spans, as far as nobody has; returns whether they fit together."""
    before: Survey | None = None
    for span in spans:
        survey = make_survey(job, plan, span, colorist, on_read)
        if before is not None and not agree(before, survey, span.begin or 0):
            return False
        before = survey
    return True


def _find_edges(job: Job, info: FilmInfo, spans: Sequence[Span]) -> tuple[tuple[Edge, ...], int]:
    """Where segments begin, and the number of frames."""
    edges: list[Edge] = []
    recent: deque[tuple[int, int]] = deque(maxlen=PROOF)
    place, shot, frames, work = Place(info.time_base), -1, 0, work_of(info.width, info.height)
    for span, survey in _surveys(job, spans):
        for pts, checksum, cuts in zip(survey.pts, survey.checksums, survey.cuts, strict=True):
            if not span.holds(pts):
                continue
            place.advance(pts, work, cuts)
            if place.segment == len(edges):
                edges.append(Edge(pts, frames, place.shot != shot, *_unzipped(recent)))
            recent.append((pts, checksum))
            shot, frames = place.shot, frames + 1
    return tuple(edges), frames


def _surveys(job: Job, spans: Sequence[Span]) -> Iterator[tuple[Span, Survey]]:
    """The surveys of some spans, read one by one: that of a long film would fill the memory."""
    for span in spans:
        survey = recall_survey(job, span)
        if survey is None:
            raise MediaError(f"{job.source.name}: the plan of the film has gone from its work folder")
        yield span, survey


def _remember(outline: Outline, job: Job) -> Outline:
    # Tags and names of files may have bytes that are no UTF-8, which pydantic's own JSON refuses.
    write_durably(_path(job), json.dumps(_OUTLINE.dump_python(outline, mode="json")))
    return outline


def _unzipped(recent: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return tuple(pts for pts, _ in recent), tuple(checksum for _, checksum in recent)


def _is_enough(seconds: Fraction, frames: int, info: FilmInfo) -> bool:
    """Whether so much of a film is enough for a part."""
    return seconds >= _PART_SECONDS or frames * work_of(info.width, info.height) >= _PART_WORK


def _path(job: Job) -> Path:
    return job.workspace / "outline"
