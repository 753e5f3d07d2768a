"""The middle of a film's way: decoded frames are measured, and get their chroma batch by batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch
from av.video.frame import VideoFrame

from colorizer.film.apply_chroma import apply_chroma, beside_grey, luma_beside_chroma
from colorizer.film.bars import choose_layout
from colorizer.film.decode.frame import Frame, LumaSamples, luma_checksum
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.keyframes import choose_keyframes, fit_between
from colorizer.film.plan import FilmPlan, upright_size
from colorizer.film.shot_state import ShotState
from colorizer.film.source_chroma import keep_chroma, varies
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.orientation import orient, unorient
from colorizer.model.surround import Margins, fit_inside

_BATCH = 8
"""Frames that are coloured together."""


class UnplannedColourError(Exception):
    """A frame has chroma although the plan, by its samples, expects none."""


def measure(frames: Iterable[Frame], plan: FilmPlan, colorist: Colorist) -> Iterator[Frame]:
    """Measure the luma of frames, and mark those that keep their chroma.

    Raises:
        UnplannedColourError: a frame has chroma, and the film was not looked through.

    """
    info, extent = plan.info, _extent(plan, colorist)
    for frame in frames:
        if plan.scenes is None and varies(frame.picture, info.coding):
            raise UnplannedColourError
        codes = luma_codes(frame.picture, info.coding)
        mean, darkest, brightest = luma_beside_chroma(codes, info.coding, plan.encoding)
        small = shrink(orient(mean, info.orientation), extent).clamp(0, 1)
        samples = LumaSamples(codes, mean, darkest, brightest, small)
        in_colour = plan.is_in_colour(frame.pts)
        yield replace(frame, samples=samples, checksum=luma_checksum(codes), in_colour=in_colour)


def colour(
    frames: Iterable[Frame], plan: FilmPlan, colorist: Colorist, state: ShotState, *, compare: bool
) -> Iterator[Frame]:
    """Give measured frames their chroma.

    Args:
        frames: numbered by segment.
        plan: of the film.
        colorist: chooses the colours.
        state: of colouring after the frame before the first.
        compare: whether each result shows grey and colour side by side.

    """
    for batch in _batches(frames):
        pictures = _kept(batch, plan) if batch[0].in_colour else _coloured(batch, plan, colorist)
        for frame, picture in zip(batch, pictures, strict=True):
            shown = beside_grey(picture) if compare else picture
            yield replace(frame, picture=shown, samples=None, state=state)


def _extent(plan: FilmPlan, colorist: Colorist) -> tuple[int, int]:
    """Height and width of a frame, upright and with square samples, where its largest picture has the working size."""
    height, width = upright_size(plan.info)
    shape = plan.info.shape or 1
    down, across = (shape, 1) if plan.info.orientation > 4 else (1, shape)
    bars = plan.bars[-1] if plan.bars else Margins()
    inside = height - bars.top - bars.bottom, width - bars.left - bars.right
    small = colorist.extent(max(1, round(inside[0] * down)), max(1, round(inside[1] * across)))
    return round(small[0] * height / inside[0]), round(small[1] * width / inside[1])


def _kept(batch: list[Frame], plan: FilmPlan) -> Iterator[VideoFrame]:
    """Pictures with the chroma that they have."""
    for frame in batch:
        yield keep_chroma(frame.picture, frame.measured.codes, plan.info.coding, plan.encoding)


def _coloured(batch: list[Frame], plan: FilmPlan, colorist: Colorist) -> Iterator[VideoFrame]:
    """Pictures with new chroma."""
    coding, orientation = plan.info.coding, plan.info.orientation
    smalls = [frame.measured.small for frame in batch]
    keyframes = choose_keyframes(smalls)
    bars = choose_layout(plan.bars, smalls, upright_size(plan.info))
    fits = fit_inside(
        partial(colorist.fit, matrix=coding.matrix), torch.cat([smalls[index] for index in keyframes]), bars
    )
    for index, frame in enumerate(batch):
        fit = _laid_back(fit_between(keyframes, fits, index), orientation)
        yield apply_chroma(frame.picture, frame.measured, fit, coding, plan.encoding)


def _batches(frames: Iterable[Frame]) -> Iterator[list[Frame]]:
    """A few neighbouring frames at a time, of one segment, and all with chroma to keep or none."""
    for _, alike in groupby(frames, key=lambda frame: (frame.segment, frame.in_colour)):
        batch: list[Frame] = []
        for frame in alike:
            batch.append(frame)
            if len(batch) == _BATCH:
                yield batch
                batch = []
        if batch:
            yield batch


def _laid_back(fit: ChromaFit, orientation: int) -> ChromaFit:
    """A fit turned as the film stores its frames."""
    return ChromaFit(unorient(fit.slope, orientation), unorient(fit.offset, orientation))
