"""Segments of a film: frames are decoded, coloured and encoded side by side, and each segment is written whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, takewhile
from operator import attrgetter

from colorizer.film.colouring import AHEAD, colour, is_large, is_light, measure
from colorizer.film.cuts import number_segments
from colorizer.film.decode.frame import Frame
from colorizer.film.encode.machine import machine_of
from colorizer.film.encode.segment import Segment, encode_segment
from colorizer.film.plan import FilmPlan
from colorizer.film.resume import segment_path
from colorizer.film.shot_state import ShotState
from colorizer.job import Job
from colorizer.model.colorist import Colorist
from colorizer.model.device import one_thread
from colorizer.prefetch import prefetch
from colorizer.processors import give_back_freed_memory

_COLOURED = 16
"""Coloured frames that wait for the encoder, so that it has work while the colours of the next key frames are found."""
_FINISHING = 2
"""Segments that are finished at once: the last one of a film need not wait for the one before it."""
_SMALL = 1_000_000
"""Pixels of a frame up to which the gaps that encoders leave in memory are given back after each segment: they would
add up in a long film. With 2 million pixels, that takes 1% of the time."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What lies before the first frame of a segment."""

    segment: int
    """Number of the segment."""
    frames: int
    """Number of the frames before it that are done."""
    state: ShotState
    """State of colouring after them."""


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
    machine = machine_of(colorist.device, plan.encoding.codec)
    with ExitStack() as opened:
        if is_light(plan, colorist):
            opened.enter_context(one_thread())
        measured = opened.enter_context(prefetch(measure(decoded, plan, colorist), AHEAD))
        numbered = number_segments(measured, plan.info.time_base, first=begin.segment)
        own = takewhile(lambda frame: end is None or frame.segment < end, numbered)
        ours = colour(own, plan, colorist, begin.state, compare=job.compare)
        coloured = opened.enter_context(prefetch(ours, AHEAD if is_large(plan) else _COLOURED))
        yield from _written(_counted(coloured, begin.frames, on_frame), job, plan, machine)


def _written(frames: Iterable[Frame], job: Job, plan: FilmPlan, machine: str) -> Iterator[Segment]:
    """The segments; each is finished while the frames of the next are encoded, so that the processors have work."""
    with ThreadPoolExecutor(_FINISHING) as finishing:
        before: Future[Segment] | None = None
        for number, own in groupby(frames, key=attrgetter("segment")):
            finish = encode_segment(segment_path(job.workspace, number), own, plan.encoding, plan.info, machine)
            finished, before = before, finishing.submit(finish)
            del finish  # it holds the encoder, and with it the memory of dozens of frames
            if is_large(plan):  # two encoders need gigabytes
                wait([before])
            if finished is not None:
                yield finished.result()
                if plan.info.width * plan.info.height <= _SMALL:
                    give_back_freed_memory()
        if before is not None:
            yield before.result()


def _counted(frames: Iterable[Frame], done: int, on_frame: Callable[[int], None]) -> Iterator[Frame]:
    for number, frame in enumerate(frames, start=done):
        on_frame(number)
        yield frame
