"""The middle of a film's way: decoded frames are measured, and get their chroma shot by shot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby, islice
from math import prod
from operator import attrgetter

import torch
from av.video.frame import VideoFrame
from torch import Tensor
from torch.nn import functional

from colorizer.film.apply_chroma import apply_chroma, beside_grey, mean_beside_chroma
from colorizer.film.bars import choose_layout
from colorizer.film.carrying import Answered, carry_colours
from colorizer.film.decode.frame import Frame, LumaSamples, luma_checksum
from colorizer.film.decode.pixel_format import has_luma_plane, luma_codes
from colorizer.film.flow import Plane
from colorizer.film.keyframes import Span, choose_spans
from colorizer.film.plan import FilmPlan, upright_size
from colorizer.film.printing_density import fit_density, shown
from colorizer.film.shot_state import ShotState
from colorizer.film.source_chroma import add_chroma, keep_chroma, own_codes, varies
from colorizer.film.steadiness import distance_of, memory_of
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist, fit_colours, shrink
from colorizer.model.orientation import orient, unorient
from colorizer.model.surround import Margins, fit_inside

AHEAD = 4
"""Frames that wait between one step and the next."""
_LIGHT = 250_000
"""Pixels at the working size up to which one thread colours key frames as fast as any encoder takes the frames."""
_TOGETHER = 2
"""Key frames for which the network is asked at once: on a CPU it computes in pairs."""
_LARGE = 4_000_000
"""Pixels of a frame from which memory counts for more than time."""


class UnplannedColourError(Exception):
    """A frame has chroma although the plan, by its samples, expects none."""


def is_light(plan: FilmPlan, colorist: Colorist) -> bool:
    """Whether colouring takes so little that one thread is enough: the network sees few frames, and these are small."""
    return distance_of(plan.steadiness).most > 1 and prod(_extent(plan, colorist)) <= _LIGHT


def is_large(plan: FilmPlan) -> bool:
    """Whether frames are so large that as few as possible are held in memory."""
    return plan.info.width * plan.info.height > _LARGE


def measure(frames: Iterable[Frame], plan: FilmPlan, colorist: Colorist) -> Iterator[Frame]:
    """Measure the luma of frames, and mark those that keep their chroma.

    Raises:
        UnplannedColourError: a frame has chroma, and the film was not looked through.

    """
    info, extent = plan.info, _extent(plan, colorist)
    for frame in frames:
        if plan.scenes is None and varies(frame.picture, info.coding):
            raise UnplannedColourError
        yield _measured(frame, plan, extent)


def colour(
    frames: Iterable[Frame], plan: FilmPlan, colorist: Colorist, state: ShotState, *, compare: bool
) -> Iterator[Frame]:
    """Give measured frames their chroma.

    Colour is carried along the motion within a shot, and never over a cut.

    Args:
        frames: numbered by segment and shot.
        plan: of the film.
        colorist: chooses the colours.
        state: of colouring after the frame before the first.
        compare: whether each result shows grey and colour side by side.

    """
    for (_, in_colour), alike in groupby(frames, key=attrgetter("shot", "in_colour")):
        for frame in _kept(alike, plan) if in_colour else _coloured(alike, plan, colorist, state):
            yield replace(frame, picture=beside_grey(frame.picture), samples=None) if compare else frame
        state = ShotState()


def _measured(frame: Frame, plan: FilmPlan, extent: tuple[int, int]) -> Frame:
    codes = luma_codes(frame.picture, plan.info.coding)
    computed = None if has_luma_plane(frame.picture.format) else codes
    samples = LumaSamples(computed, _small(codes, plan, extent))
    return replace(frame, samples=samples, checksum=luma_checksum(codes), in_colour=plan.is_in_colour(frame.pts))


def _small(codes: Tensor, plan: FilmPlan, extent: tuple[int, int]) -> Tensor:
    """Luma at the working size, upright, float32, (1, 1, h, w)."""
    means = torch.from_numpy(mean_beside_chroma(codes.numpy(), plan.encoding))
    upright = orient(means[None, None].float(), plan.info.orientation)
    return plan.info.coding.luma(shrink(upright, extent)).clamp(0, 1)


def _extent(plan: FilmPlan, colorist: Colorist) -> tuple[int, int]:
    """Height and width of a frame, upright and with square samples, where its largest picture has the working size."""
    height, width = upright_size(plan.info)
    shape = plan.info.shape or 1
    down, across = (shape, 1) if plan.info.orientation > 4 else (1, shape)
    bars = plan.bars[-1] if plan.bars else Margins()
    inside = height - bars.top - bars.bottom, width - bars.left - bars.right
    small = colorist.extent(max(1, round(inside[0] * down)), max(1, round(inside[1] * across)))
    return round(small[0] * height / inside[0]), round(small[1] * width / inside[1])


def _kept(frames: Iterable[Frame], plan: FilmPlan) -> Iterator[Frame]:
    """Frames with the chroma that they have."""
    for frame in frames:
        picture = keep_chroma(frame.picture, frame.luma(plan.info.coding), plan.info.coding, plan.encoding)
        yield replace(frame, picture=picture, samples=None)


def _coloured(shot: Iterable[Frame], plan: FilmPlan, colorist: Colorist, state: ShotState) -> Iterator[Frame]:
    """Frames of one shot with new chroma."""
    coding = plan.info.coding
    answers = _ask(choose_spans(shot, distance_of(plan.steadiness)), plan, colorist)
    for coloured in carry_colours(answers, memory_of(plan.steadiness), state):
        frame, small = coloured.frame, coloured.frame.measured.small
        bars = _bars(frame, plan)
        ab = bars.inside(torch.from_numpy(coloured.ab)[None])
        fit_to = fit_density if plan.info.is_density else fit_colours
        fit = fit_inside(partial(fit_to, ab=ab, matrix=coding.matrix), small, bars)
        upright = _laid_back(fit, plan.info.orientation)
        yield replace(frame, picture=_with_chroma(frame, upright, plan), samples=None, state=coloured.state)


def _with_chroma(frame: Frame, fit: ChromaFit, plan: FilmPlan) -> VideoFrame:
    """The picture of a frame with new chroma, to which a dissolve adds the chroma of the scene in colour."""
    coding, encoding = plan.info.coding, plan.encoding
    dissolve = plan.dissolve(frame.pts)
    if dissolve is None:
        return apply_chroma(frame, fit, coding, encoding)
    grey = 1 - dissolve.colour_share(frame.pts)
    own = own_codes(frame.picture, frame.luma(coding), coding, encoding)
    picture = apply_chroma(frame, ChromaFit(fit.slope * grey, fit.offset * grey), coding, encoding)
    add_chroma(picture, own, [grey * tint for tint in dissolve.tint], coding, encoding)
    return picture


def _ask(spans: Iterable[Span], plan: FilmPlan, colorist: Colorist) -> Iterator[Answered]:
    """The spans of a shot with the network's answers, for which it is asked a few at a time.

    A span has both of its key frames, so that the network is asked for the next one before its own span is known.
    """
    waiting = iter(spans)
    together = 1 if is_large(plan) else _TOGETHER  # fewer frames wait, and the answers are the same
    before: Plane | None = None
    while batch := list(islice(waiting, together if before is not None else 1)):
        first = [batch[0].key] if before is None else []
        keys = [*first, *(span.next_key for span in batch if span.next_key is not None)]
        answers = _answers([key.frame for key in keys], plan, colorist)
        before = next(answers) if before is None else before
        for span in batch:
            following = None if span.next_key is None else next(answers)
            yield Answered(span, before, following)
            before = before if following is None else following


def _answers(frames: Iterable[Frame], plan: FilmPlan, colorist: Colorist) -> Iterator[Plane]:
    """The network's colours of frames, ab (2, h, w) for each."""
    for bars, alike in groupby(frames, key=lambda frame: _bars(frame, plan)):
        luma = torch.cat([frame.measured.small for frame in alike])
        ab = colorist.colours(bars.inside(shown(luma) if plan.info.is_density else luma)).cpu()
        around = functional.pad(ab, (bars.left, bars.right, bars.top, bars.bottom), mode="replicate")
        yield from around.numpy()


def _bars(frame: Frame, plan: FilmPlan) -> Margins:
    """The black bars of a frame, at the working size."""
    return choose_layout(plan.bars, [frame.measured.small], upright_size(plan.info))


def _laid_back(fit: ChromaFit, orientation: int) -> ChromaFit:
    """A fit turned as the film stores its frames."""
    return ChromaFit(unorient(fit.slope, orientation), unorient(fit.offset, orientation))
