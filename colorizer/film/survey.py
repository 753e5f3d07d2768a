"""Surveys of a film: several workers look at spans of it, and what they find decides where its segments begin.

A span begins a little before its own frames, so that its first frames are also the last ones of the span before. Where
both surveys agree about them, decoding may begin there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from colorizer.durable import write_durably
from colorizer.film.colouring import AHEAD, measure
from colorizer.film.cuts import BRIEF, find_cuts, with_views, work_of
from colorizer.film.decode.deviations import DAMAGED, MISSING
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.frames import read_frames
from colorizer.film.encode.segment import PROOF
from colorizer.film.plan import FilmPlan
from colorizer.film.scenes import Scenes
from colorizer.film.source_chroma import varies
from colorizer.job import Excerpt, Job, ReadCallback, Span
from colorizer.model.colorist import Colorist
from colorizer.prefetch import prefetch

_SECONDS, _WORK = 120, 6_000_000_000
"""Least length of a span, in seconds or in the pixels that colouring it takes (see `cuts.work_of`)."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found out about the frames of a span, and about a few before and after it."""

    pts: tuple[int, ...]
    checksums: tuple[int, ...]
    """Checksums of their luma."""
    cuts: tuple[int, ...]
    """Whether each frame begins a shot, see `cuts.find_cuts`."""
    is_damaged: bool
    """Whether a frame is damaged or missing."""
    is_coloured: bool
    """Whether a frame has chroma that the plan does not expect."""


_SURVEY = TypeAdapter(Survey)


def spans_of(info: FilmInfo, excerpt: Excerpt | None) -> tuple[Span, ...]:
    """Divide a film by its time; an excerpt and a short film have one span."""
    if excerpt is not None:
        return (Span(None, None),)
    by_work = info.expected * work_of(info.width, info.height) // _WORK
    count = max(1, min(info.expected // (2 * PROOF), max(int(info.length / _SECONDS), by_work)))
    start, length = info.start / info.time_base, info.length / info.time_base
    edges = [None, *(round(start + length * number / count) for number in range(1, count)), None]
    return tuple(Span(begin, end) for begin, end in pairwise(edges))


def make_survey(job: Job, plan: FilmPlan, span: Span, colorist: Colorist, on_read: ReadCallback) -> Survey:
    """Look at all frames of a span, and keep what was found in the workspace, unless it is there."""
    survey = recall_survey(job, span)
    if survey is None:
        survey = _survey(job, plan, span, colorist, on_read)
        write_durably(_path(job, span), _SURVEY.dump_json(survey).decode())
    return survey


def recall_survey(job: Job, span: Span) -> Survey | None:
    """What was found in a span; None where nobody has looked yet."""
    try:
        return _SURVEY.validate_json(_path(job, span).read_bytes())
    except (OSError, ValidationError):
        return None


def agree(before: Survey, after: Survey, edge: int) -> bool:
    """Whether two surveys have the same frames before the edge between their spans, and enough of them."""
    begin = after.pts[0] if after.pts else edge
    ends, begins = (
        [both for both in zip(survey.pts, survey.checksums, strict=True) if begin <= both[0] < edge]
        for survey in (before, after)
    )
    return ends == begins and len(begins) >= BRIEF


def _survey(job: Job, plan: FilmPlan, span: Span, colorist: Colorist, on_read: ReadCallback) -> Survey:
    pts, checksums, cuts = list[int](), list[int](), list[int]()
    is_damaged = is_coloured = False
    recent: deque[Tensor] = deque(maxlen=BRIEF)
    believed = replace(plan, scenes=plan.scenes or Scenes())
    with prefetch(measure(_frames(job, plan, span), believed, colorist), AHEAD) as measured:
        for frame, views in with_views(measured):
            on_read(_share(frame.pts, span, plan.info))
            if span.holds(frame.pts):  # the other ones belong to the neighbours
                is_damaged = is_damaged or any(one.what in {DAMAGED, MISSING} for one in frame.deviations)
                is_coloured = is_coloured or (plan.scenes is None and varies(frame.picture, plan.info.coding))
            pts.append(frame.pts)
            checksums.append(frame.checksum)
            cuts.append(find_cuts(list(recent), views))
            recent.append(views[0])
    return Survey(tuple(pts), tuple(checksums), tuple(cuts), is_damaged, is_coloured)


def _frames(job: Job, plan: FilmPlan, span: Span) -> Iterator[Frame]:
    """The frames of a span, those before it that prove where it begins, and those after it that a cut depends on."""
    info = plan.info
    since = None if span.begin is None else span.begin - PROOF * info.usual_duration
    after = 0
    for frame in read_frames(info, job.excerpt, keep_fields=plan.encoding.interlaced, since=since):
        after += span.end is not None and frame.pts >= span.end
        if after == BRIEF:
            return
        yield frame


def _share(pts: int, span: Span, info: FilmInfo) -> float:
    """How far in a span a time is, 0..1."""
    start, length = round(info.start / info.time_base), round(info.length / info.time_base)
    begin = start if span.begin is None else span.begin
    end = start + length if span.end is None else span.end
    return min(1.0, max(0.0, (pts - begin) / max(1, end - begin)))


def _path(job: Job, span: Span) -> Path:
    return job.workspace / f"survey-{span.begin}-{span.end}"
