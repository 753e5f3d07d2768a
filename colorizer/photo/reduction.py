"""The small version of a picture by which its colours are chosen, and by which it is judged what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.colorist import shrink
from colorizer.model.device import threads, threads_for
from colorizer.model.lab import luma_of_rgb
from colorizer.model.orientation import orient, unorient
from colorizer.model.surround import Margins, refine
from colorizer.model.tint_detection import Expect, Judgement, Verdict, judge, judged_extent
from colorizer.photo.codecs.strip_pool import in_threads
from colorizer.photo.picture import (
    MATRIX,
    Picture,
    is_plain,
    luma_of,
    luma_weights,
    read_strips,
    split_alpha,
    to_grey_or_srgb,
)
from colorizer.photo.watching import watch

Extent = Callable[[int, int], tuple[int, int]]
"""Maps height and width of a picture to those at which its colours are chosen (see `Colorist.extent`)."""

_AT_ONCE = 1 << 19
"""Pixels that are summed in one step: many steps wait for their threads while a large picture is decoded."""
_JUDGED = 64
"""Most frames of an animation by which it is judged; they lie at equal distances, and memory does not depend on all."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A picture at a small size."""

    luma: tuple[Tensor, ...]
    """Luma of each frame, upright, at the working size: float32, 0..1, (1, 1, h, w)."""
    shown: tuple[Tensor, ...]
    """The part of it that the network sees: without the picture's surround, likewise at the working size."""
    margins: Margins
    """Lines around what is shown, in the picture as it is stored."""
    kept: Margins
    """Lines of the stored picture at its full size, around what is shown, that keep their colour."""
    verdict: Verdict
    """What the picture is; UNKNOWN where that was not asked."""


def reduce_picture(
    picture: Picture,
    extent: Extent,
    on_progress: Callable[[], None],
    *,
    judge_colour: bool,
    expect: Callable[[Tensor], Tensor | None] | None = None,
) -> Reduction:
    """Read a picture once, and reduce it.

    Args:
        picture: the picture.
        extent: gives the working size.
        on_progress: called from time to time.
        judge_colour: whether to find out if it is in colour.
        expect: gives the colours that are expected of what the network sees, if it is asked; see `Colorist.expect`.

    Raises:
        pyvips.Error: it is damaged or cut off.

    """
    sides = _working_sides(picture, extent)
    frames = _read(picture, sides, on_progress, with_colour=judge_colour)
    luma = tuple(_working_luma(frame[:, :1], sides, picture.orientation) for frame in frames)
    reads_colour = frames[0].shape[1] > 1
    judged = frames[:: ceil(len(frames) / _JUDGED)]
    rgb = torch.cat([frame[0, 1:] if reads_colour else frame[0] for frame in judged], 1)
    extent_judged = judged_extent(picture.height * len(judged), picture.width)

    def inside(surround: Margins) -> tuple[Tensor, Margins, Margins]:
        if not surround:
            return luma[0], Margins(), Margins()
        refined = _refined(rgb, surround, picture)
        small, margins, kept = _without_surround(picture, frames[0][:, :1], refined, extent)
        return orient(margins.inside(small), picture.orientation), margins, kept

    usual = torch.get_num_threads()

    def expected(surround: Margins) -> Tensor | None:
        with threads(usual):
            moments = expect(inside(surround)[0]) if expect else None
        return None if moments is None else unorient(moments[0], picture.orientation)

    judgement = _judge(rgb, extent_judged, expected if len(frames) == 1 else None)
    verdict = judgement.verdict if reads_colour else Verdict.UNKNOWN
    if len(frames) > 1:
        return Reduction(luma, luma, Margins(), Margins(), verdict)
    shown, margins, kept = inside(judgement.surround)
    return Reduction(luma, (shown,), margins, kept if judgement.surround_in_colour else Margins(), verdict)


def reduce_luma(picture: Picture, extent: Extent) -> tuple[Tensor, ...]:
    """Read a picture once, for its luma alone (see `Reduction.luma`).

    Raises:
        pyvips.Error: it is damaged or cut off.

    """
    sides = _working_sides(picture, extent)
    frames = _read(picture, sides, lambda: None, with_colour=False)
    return tuple(_working_luma(frame, sides, picture.orientation) for frame in frames)


def _read(
    picture: Picture, sides: tuple[int, int], on_progress: Callable[[], None], *, with_colour: bool
) -> list[Tensor]:
    """The frames of a picture, reduced: luma and, where this is wanted and there, R'G'B', (1, 1 or 4, h, w)."""
    if picture.strips is not None:
        return [_means(picture, picture.strips, _factor(picture, sides), with_colour=with_colour)]
    image = picture.open()
    if is_plain(image) and not image.get_typeof("page-height"):
        # It is summed as one that is held: otherwise the last bits would depend on the room in memory.
        strips = partial(_watched_strips, image, on_progress, picture.check_pass)
        return [_means(picture, strips, _factor(picture, sides), with_colour=with_colour)]
    colour, alpha = split_alpha(image)
    reads_colour = with_colour and colour.bands > 2
    seen = alpha[0] if alpha is not None and picture.transparent else None
    image = _luma_and_colour(colour, seen, picture.white) if reads_colour else luma_of(colour, picture.white)
    factor = _factor(picture, sides)
    return [_shrunk(frame, factor, on_progress, picture.check_pass) for frame in split_frames(image, picture)]


def _watched_strips(
    image: pyvips.Image, on_progress: Callable[[], None], check_pass: Callable[[], None], lines: int
) -> Iterator[NDArray[Any]]:
    """The samples of an image that is not held, for one pass; see `Picture.strips`."""
    for samples in read_strips(image, lines):
        yield samples
        on_progress()
    check_pass()


def _means(
    picture: Picture, strips: Callable[[int], Iterator[NDArray[Any]]], factor: int, *, with_colour: bool
) -> Tensor:
    """What `_shrunk` gives of a picture, in a third of the time: sums of integers, while the next lines are decoded.

    Args:
        picture: the picture.
        strips: reads it; see `Picture.strips`.
        factor: side of the squares.
        with_colour: whether R'G'B' are wanted beside the luma, if it has them.

    """
    lines = factor * max(1, _AT_ONCE // (factor * picture.width))
    sums = (partial(_sums, block, factor) for block in strips(lines))
    parts = in_threads(sums) if picture.height > lines else (one() for one in sums)
    totals = np.concatenate(list(parts))
    means = torch.from_numpy((totals / np.float32(picture.white * factor**2)).astype(np.float32)).permute(2, 0, 1)
    if len(means) == 1:
        return means[None]
    luma = luma_of_rgb(means, MATRIX)
    return (torch.cat((luma, means)) if with_colour else luma)[None]


def _sums(samples: NDArray[Any], factor: int) -> NDArray[np.uint32]:
    """Sums over squares of samples (n, W, bands); at the edges, the last line and column count again."""
    missing = -samples.shape[0] % factor, -samples.shape[1] % factor
    if any(missing):
        samples = np.pad(samples, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    rows, columns = samples.shape[0] // factor, samples.shape[1] // factor
    lines = samples.reshape(rows, factor, -1).sum(axis=1, dtype=np.uint16 if samples.itemsize == 1 else np.uint32)
    squares = lines.reshape(rows, columns, factor, samples.shape[2])
    totals = np.zeros((rows, columns, samples.shape[2]), np.uint32)
    for place in range(factor):
        totals += squares[:, :, place]
    return totals


def split_frames(image: pyvips.Image, picture: Picture) -> list[pyvips.Image]:
    """Cut an image into the frames of its animation."""
    if picture.frames == 1:
        return [image]
    height = picture.height
    return [image.crop(0, number * height, picture.width, height) for number in range(picture.frames)]


def _working_sides(picture: Picture, extent: Extent) -> tuple[int, int]:
    """Height and width of the upright picture at the working size."""
    height, width = picture.height, picture.width
    return extent(width, height) if picture.orientation > 4 else extent(height, width)


def _factor(picture: Picture, sides: tuple[int, int]) -> int:
    """By how much libvips shrinks the picture: to twice the working size, but no smaller than it is judged."""
    short = min(picture.height, picture.width)
    judged = min(judged_extent(picture.height, picture.width))
    return max(1, min(int(short / min(sides) / 2), int(short / judged)))


def _luma_and_colour(colour: pyvips.Image, alpha: pyvips.Image | None, own_white: float) -> pyvips.Image:
    """Luma and R'G'B', float 0..1, of which transparent parts are black; `own_white` is the sample that is white."""
    image, white = to_grey_or_srgb(colour, own_white)
    own = [[1 / white if row == column else 0 for column in range(3)] for row in range(3)]
    both = image.extract_band(0, n=3).cast("float").recomb(pyvips.Image.new_from_list([luma_weights(white), *own]))
    if alpha is None and image.format != "float":
        return both
    rgb = both.extract_band(1, n=3).maxpair(0).minpair(1)
    if alpha is not None:
        rgb *= alpha.cast("float") / own_white
    return both[0].bandjoin(rgb)


def _shrunk(
    image: pyvips.Image, factor: int, on_progress: Callable[[], None], check_pass: Callable[[], None]
) -> Tensor:
    """The means over squares of `factor` pixels, (1, C, h, w)."""
    small = watch(image.shrink(factor, factor, ceil=True), on_progress)
    computed = small.numpy()
    check_pass()
    samples = torch.from_numpy(computed).float()
    return samples.reshape(1, small.height, small.width, small.bands).permute(0, 3, 1, 2).nan_to_num().clamp(0, 1)


def _working_luma(luma: Tensor, sides: tuple[int, int], orientation: int) -> Tensor:
    return shrink(orient(luma, orientation), sides)


def _refined(rgb: Tensor, surround: Margins, picture: Picture) -> Margins:
    """The margins of a surround at the size of a reduced picture (C, h, w)."""
    size = rgb.shape[-2], rgb.shape[-1]
    judged = judged_extent(picture.height, picture.width)
    return refine(rgb, surround.scaled(judged, size), ceil(size[0] / judged[0]))


def _without_surround(
    picture: Picture, luma: Tensor, around: Margins, extent: Extent
) -> tuple[Tensor, Margins, Margins]:
    """The luma at the size at which its inside has the working size, its margins, and those of the full size.

    Args:
        picture: the picture.
        luma: reduced, as it is stored, (1, 1, h, w).
        around: the margins of that.
        extent: gives the working size.

    """
    size = luma.shape[-2], luma.shape[-1]
    inside = around.inside(luma).shape[-2:]
    sides = extent(inside[1], inside[0])[::-1] if picture.orientation > 4 else extent(inside[0], inside[1])
    whole = round(size[0] * sides[0] / inside[0]), round(size[1] * sides[1] / inside[1])
    return shrink(luma, whole), around.scaled(size, whole), around.scaled(size, (picture.height, picture.width))


def _judge(rgb: Tensor, sides: tuple[int, int], expect: Expect | None) -> Judgement:
    """Judge frames together, R'G'B' or grey, (3 or 1, h, w), at a height and width."""
    small = shrink(rgb[None], sides)[0].expand(3, -1, -1)
    with threads_for(small):
        return judge(small, expect)
