"""One film in, one coloured film out: decoded, coloured and encoded side by side, segment by segment, then joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby, takewhile
from operator import attrgetter

from colorizer.errors import MediaError
from colorizer.film.colouring import UnplannedColourError, colour, measure
from colorizer.film.cuts import number_segments
from colorizer.film.decode.deviations import describe_deviations
from colorizer.film.decode.frame import Frame
from colorizer.film.encode.mux import join
from colorizer.film.encode.segment import Segment, write_segment
from colorizer.film.plan import FilmPlan, plan_film, plan_scenes
from colorizer.film.resume import finished_segments, frames_after, segment_path
from colorizer.film.shot_state import ShotState
from colorizer.job import Job, ProgressCallback
from colorizer.model.colorist import Colorist
from colorizer.prefetch import prefetch
from colorizer.provenance import made_with
from colorizer.report import Report

_AHEAD = 4
"""Frames that wait between decoding, colouring and encoding."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What lies before the first frame of a segment."""

    segment: int
    """Number of the segment."""
    frames: int
    """Number of the frames before it that are done."""
    state: ShotState
    """State of colouring after them."""


def colorize_film(job: Job, colorist: Colorist, on_progress: ProgressCallback) -> Report:
    """Colour one film; one that was interrupted goes on after the segments in its workspace.

    Raises:
        InColourError: it is in colour throughout, and the settings say that this matters.
        UnsupportedError: it is no film that can be coloured.
        TruncatedError: the file ends too early.
        MediaError: it is damaged.

    """
    plan = plan_film(job, on_progress)
    try:
        segments = list(_segments(job, plan, colorist, on_progress))
    except UnplannedColourError:  # between the moments that were sampled; finished segments are kept
        plan = plan_scenes(plan, job, on_progress)
        segments = list(_segments(job, plan, colorist, on_progress))
    if not segments:
        raise MediaError(f"{job.source.name}: there is no frame in this part of the film")
    info = plan.info
    film = job.settings.film
    maker = made_with(colorist.weights, job.settings.colour, job, film.steadiness) if film.provenance else ""
    frames = sum(len(segment.record.pts) for segment in segments)
    notes = join(segments, info, plan.container, job, maker, partial(on_progress, frames, info.expected))
    return Report(
        kind="film",
        suffix=plan.container.suffix,
        width=info.width,
        height=info.height,
        frames=frames,
        notes=plan.encoding.notes + (plan.scenes.notes if plan.scenes else ()) + _deviations(segments, plan) + notes,
    )


def _segments(job: Job, plan: FilmPlan, colorist: Colorist, on_progress: ProgressCallback) -> Iterator[Segment]:
    """The finished segments, then the others, written while the next frames are decoded and coloured."""
    finished = finished_segments(job, colorist, plan.scenes)
    yield from finished
    done = sum(len(segment.record.pts) for segment in finished)
    state = finished[-1].record.state if finished else ShotState()
    passed = partial(on_progress, done, plan.info.expected)
    decoded = frames_after(finished, plan.info, job.excerpt, keep_fields=plan.encoding.interlaced, on_progress=passed)
    begin = Begin(len(finished), done, state)
    yield from write_segments(
        decoded, job, plan, colorist, begin, on_frame=lambda done: on_progress(done, plan.info.expected)
    )


def write_segments(  # noqa: PLR0913 (each is another thing)
    decoded: Iterable[Frame],
    job: Job,
    plan: FilmPlan,
    colorist: Colorist,
    begin: Begin,
    *,
    on_frame: Callable[[int], None],
    end: int | None = None,
) -> Iterator[Segment]:
    """Colour frames and write their segments to the workspace, while the next frames are decoded and coloured.

    Args:
        decoded: frames from the first one of a segment on.
        job: the film's.
        plan: of the film.
        colorist: chooses the colours.
        begin: what lies before the first frame.
        on_frame: called with the number of frames before each frame that is coloured.
        end: number of the first segment that is not written; None writes all.

    """
    with prefetch(measure(decoded, plan, colorist), _AHEAD) as measured:
        numbered = number_segments(measured, plan.info.time_base, first=begin.segment)
        own = takewhile(lambda frame: end is None or frame.segment < end, numbered)
        with prefetch(colour(own, plan, colorist, begin.state, compare=job.compare), _AHEAD) as coloured:
            for number, frames in groupby(_counted(coloured, begin.frames, on_frame), key=attrgetter("segment")):
                yield write_segment(segment_path(job.workspace, number), frames, plan.encoding, plan.info)


def _counted(frames: Iterable[Frame], done: int, on_frame: Callable[[int], None]) -> Iterator[Frame]:
    for number, frame in enumerate(frames, start=done):
        on_frame(number)
        yield frame


def _deviations(segments: list[Segment], plan: FilmPlan) -> tuple[str, ...]:
    found = (segment.record.deviations for segment in segments)
    return describe_deviations(found, plan.info.time_base, plan.info.start)
