"""One film in, one coloured film out: decoded, coloured and encoded side by side, segment by segment, then joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from colorizer.disc import is_disc
from colorizer.errors import MediaError
from colorizer.film.colouring import UnplannedColourError
from colorizer.film.decode.deviations import describe_deviations, without_rhythm
from colorizer.film.decode.folders.disc_film import describe_disc
from colorizer.film.decode.sequence_report import describe_sequence
from colorizer.film.encode.container import FRAMES
from colorizer.film.encode.machine import describe_machines
from colorizer.film.encode.mux import join
from colorizer.film.encode.segment import Segment
from colorizer.film.outline import recall_outline
from colorizer.film.plan import FilmPlan, plan_film, plan_scenes, probe_wanted
from colorizer.film.resume import finished_segments, frames_after
from colorizer.film.segments import Begin, write_segments
from colorizer.film.shot_state import ShotState
from colorizer.frame_sequence import is_sequence
from colorizer.job import Job, ProgressCallback, ReadCallback
from colorizer.model.colorist import Colorist
from colorizer.provenance import add_inversion, add_turns, describe_turn, made_with
from colorizer.report import Report

WriteFrames = Callable[[Sequence[Segment], FilmPlan, Job, str, Callable[[], None]], tuple[str, ...]]
"""Writes segments as a folder of frames, see `colorizer.frame_files.writer.write_frames`."""


def colorize_film(
    job: Job, colorist: Colorist, on_read: ReadCallback, on_progress: ProgressCallback, write_frames: WriteFrames
) -> Report:
    """Colour one film; one that was interrupted goes on after the segments in its workspace.

    Args:
        job: what to do.
        colorist: chooses the colours.
        on_read: called before, while the film is read through.
        on_progress: called with the frames that are done, and all.
        write_frames: writes the result of a sequence that becomes frames again.

    Raises:
        InColourError: it is in colour throughout, and the settings say that this matters.
        UnsupportedError: it is no film that can be coloured.
        TruncatedError: the file ends too early.
        MediaError: it is damaged.

    """
    outline = recall_outline(job, colorist)
    plan = outline.plan if outline else plan_film(job, probe_wanted(job, on_read), colorist, on_read)
    try:
        segments = list(_segments(job, plan, colorist, on_progress))
    except UnplannedColourError:  # between the moments that were sampled; finished segments are kept
        plan = plan_scenes(plan, job, colorist, on_read)
        segments = list(_segments(job, plan, colorist, on_progress))
    if not segments:
        raise MediaError(f"{job.source.name}: there is no frame in this part of the film")
    info = plan.info
    film = job.settings.film
    maker = made_with(colorist.weights, job.settings.colour, job, film.steadiness) if film.provenance else ""
    maker = add_inversion(maker) if maker and info.inversion else maker
    maker = add_turns(maker, [info.turn]) if maker else ""
    frames = sum(len(segment.record.pts) for segment in segments)
    passed = partial(on_progress, frames, info.expected)
    if plan.container == FRAMES:
        notes = write_frames(segments, plan, job, maker, passed)
    else:
        notes = join(segments, info, plan.container, job, maker, passed)
    return Report(
        kind="film",
        suffix=plan.container.suffix,
        width=info.width,
        height=info.height,
        frames=frames,
        notes=(
            *plan.encoding.notes,
            *([info.inversion.describe("the film")] if info.inversion else ()),
            *([describe_turn("the film", info.turn, "film.turn")] if info.turn else ()),
            *(plan.scenes.notes if plan.scenes else ()),
            *_deviations(segments, plan, job),
            *describe_machines(segment.record.machine for segment in segments),
            *notes,
        ),
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


def _deviations(segments: list[Segment], plan: FilmPlan, job: Job) -> tuple[str, ...]:
    found = [segment.record.deviations for segment in segments]
    if is_sequence(plan.info.path):
        shown = [pts for segment in segments for pts in segment.record.pts]
        again = plan.container == FRAMES
        return tuple(describe_sequence(plan.info, shown, found, whole=job.excerpt is None, again=again))
    disc = describe_disc(plan.info.path) if is_disc(plan.info.path) else ()
    frames = sum(len(segment.record.pts) for segment in segments)
    info = plan.info
    told = without_rhythm(found, frames, 1 / (info.rate * info.time_base))
    return (*disc, *describe_deviations(told, info.time_base, info.start))
