"""One frame gets its chroma; its luma samples stay what they are.

All is computed at the size of the chroma planes, by OpenCV and in narrow strips, which stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from typing import Any, Self, cast

import cv2
import numpy as np
import torch
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from torch import Tensor

from colorizer.film.decode.frame import Frame
from colorizer.film.decode.signal import SampleCoding, shift_to_depth
from colorizer.film.encode.encoder import Encoding
from colorizer.film.flow import Plane
from colorizer.model.chroma import ChromaFit

Codes = NDArray[Any]
"""Samples as integers, (H, W), uint8 or uint16."""

_STRIP = 32 << 10
"""Chroma samples that are computed together."""
_PLANES = 5
"""Planes of so many lines that this takes."""
_TINY = 1e-6
"""Smallest distance, in codes, of luma from black and white, so that nothing is divided by zero."""
_PAIR = 2


def mean_beside_chroma(codes: Codes, encoding: Encoding) -> Codes:
    """Mean luma of the samples that share each of the encoder's chroma samples, rounded.

    Args:
        codes: luma, (H, W).
        encoding: the encoder's pixel format.

    Returns:
        Codes, (H / down, W / across).

    """
    return _by_field(_cell_means, codes, encoding)


def apply_chroma(frame: Frame, fit: ChromaFit, coding: SampleCoding, encoding: Encoding) -> VideoFrame:
    """Give a frame its chroma.

    Args:
        frame: measured. Where its picture has the encoder's pixel format already, the picture is changed itself, and
            copied before only if it has another owner: the decoder, or a tensor that is a view of it.
        fit: its chroma as a function of luma, (1, 2, h, w).
        coding: how the integers code luma and chroma.
        encoding: the wanted pixel format.

    Returns:
        A picture in the wanted pixel format, with the side data of the original.

    """
    picture = frame.picture
    if picture.format.name == encoding.pixels:
        picture.make_writable()
        coloured, luma = picture, frame.luma(coding)
    else:
        coloured, luma = picture.reformat(format=encoding.pixels), frame.luma(coding)
        torch.from_dlpack(coloured.planes[0]).copy_(shift_to_depth(luma, coding.depth, encoding.depth))
    planes = [torch.from_dlpack(plane).numpy() for plane in coloured.planes[1:3]]
    write_chroma(planes, luma.numpy(), fit, coding, encoding)
    return coloured


def beside_grey(frame: VideoFrame) -> VideoFrame:
    """A frame twice as wide: on the left without its chroma, on the right as it is."""
    double = VideoFrame(2 * frame.width, frame.height, frame.format.name)
    neutral = 1 << (frame.format.components[0].bits - 1)
    for number, (wide, plane) in enumerate(zip(double.planes, frame.planes, strict=True)):
        samples = torch.from_dlpack(plane)
        left, right = torch.from_dlpack(wide).chunk(2, dim=1)
        right.copy_(samples)
        left.copy_(samples if number == 0 else torch.full_like(samples, neutral))
    return double


def write_chroma(
    planes: Sequence[Codes], luma: Codes, fit: ChromaFit, coding: SampleCoding, encoding: Encoding
) -> None:
    """Write Cb and Cr, inside the gamut beside every luma sample that shares them.

    Args:
        planes: Cb and Cr, (H / down, W / across), which are written.
        luma: codes, (H, W).
        fit: chroma as a function of luma, (1, 2, h, w).
        coding: how the integers code luma and chroma.
        encoding: the encoder's pixel format.

    """
    size, down = planes[0].shape, encoding.subsampling[0]
    gamut, target = _Gamut.of(coding), coding.at_depth(encoding.depth)
    lines = gamut.lines_of(fit, size)
    count = max(2, _STRIP // size[1] // 2 * 2)  # even, so that each strip begins with the same field
    kept = np.empty((_PLANES, count, size[1]), np.float32)  # stays in the processor's cache
    for strip in _strips(size[0], count):
        beside = luma[strip.start * down : strip.stop * down]
        mean, darkest, brightest = (_by_field(reduced, beside, encoding) for reduced in _SUMMARIES)
        blue, red, *spare = kept[:, : strip.stop - strip.start]
        codes = spare[0]
        np.copyto(codes, mean)
        for samples, (slope, offset) in zip((blue, red), lines, strict=True):
            np.multiply(slope[strip], codes, out=samples)
            np.add(samples, offset[strip], out=samples)
        gamut.limit(blue, red, darkest, brightest, spare)
        for plane, samples, reach in zip(planes, (blue, red), gamut.reaches, strict=True):
            _write_codes(plane[strip], samples, target.chroma_span / reach, target)


@dataclass(frozen=True, slots=True)
class _Gamut:
    """The gamut in units of codes of luma; chroma is B' and R' minus luma."""

    black: int
    white: int
    reaches: tuple[float, float]
    """What the whole span of Cb is of B' minus luma, and that of Cr of R' minus luma."""
    green: tuple[float, float]
    """What B' and R' minus luma add to G' minus luma."""

    @classmethod
    def of(cls, coding: SampleCoding) -> Self:
        kr, kb = coding.matrix.value
        span, rest = coding.luma_span, kr + kb - 1
        reaches = (2 - 2 * kb) * span, (2 - 2 * kr) * span
        return cls(coding.black, coding.black + span, reaches, (kb / rest, kr / rest))

    def lines_of(self, fit: ChromaFit, size: tuple[int, ...]) -> list[tuple[Plane, Plane]]:
        """Slope and offset of B' and of R' minus luma as functions of the code of luma, at the chroma planes' size."""
        rows, columns = size

        def enlarged(plane: Tensor) -> Plane:
            return cast("Plane", cv2.resize(plane.numpy(), (columns, rows), interpolation=cv2.INTER_LINEAR))

        lines = []
        for slope, offset, reach in zip(fit.slope[0].cpu(), fit.offset[0].cpu(), self.reaches, strict=True):
            steep = slope * (reach / (self.white - self.black))
            lines.append((enlarged(steep), enlarged(offset * reach - steep * self.black)))
        return lines

    def limit(self, blue: Plane, red: Plane, darkest: Codes, brightest: Codes, spare: Sequence[Plane]) -> None:
        """Reduce chroma in place, keeping the hue, until R'G'B' lie in the gamut at every luma between the two.

        Args:
            blue: B' minus luma, (h, w).
            red: R' minus luma.
            darkest: codes of luma, (h, w).
            brightest: likewise.
            spare: three planes of the same size, which are overwritten.

        """
        green, up, down = spare
        white, black, tiny = _constant_lines(self.white, self.black, _TINY, width=blue.shape[1])
        cv2.addWeighted(blue, self.green[0], red, self.green[1], 0, dst=green)
        np.maximum(np.maximum(blue, red, out=up), green, out=up)
        np.minimum(np.minimum(blue, red, out=down), green, out=down)
        np.copyto(green, brightest)
        above = np.maximum(np.subtract(white, green, out=green), tiny, out=green)
        np.divide(above, np.maximum(up, above, out=up), out=up)
        np.copyto(green, darkest)
        below = np.minimum(np.subtract(black, green, out=green), -tiny, out=green)
        np.divide(below, np.minimum(down, below, out=down), out=down)
        room = np.minimum(up, down, out=up)
        np.multiply(blue, room, out=blue)
        np.multiply(red, room, out=red)


@cache
def _constant_lines(*values: float, width: int) -> tuple[Plane, ...]:
    """A line of each value: NumPy compares two arrays five times as fast as an array and a number."""
    return tuple(np.full(width, value, np.float32) for value in values)


def _write_codes(plane: Codes, samples: Plane, unit: float, target: SampleCoding) -> None:
    """Write chroma, 0 for neutral, as rounded codes."""
    if plane.dtype == np.uint8:
        cv2.convertScaleAbs(samples, plane, unit, target.neutral)
    else:
        codes = cv2.addWeighted(samples, unit, samples, 0, target.neutral, dtype=cv2.CV_16U)
        np.minimum(codes, (1 << target.depth) - 1, out=plane)


def _strips(lines: int, count: int) -> Iterator[slice]:
    return (slice(first, min(first + count, lines)) for first in range(0, lines, count))


def _by_field(summary: Callable[[Codes, tuple[int, int]], Codes], codes: Codes, encoding: Encoding) -> Codes:
    """Summarize the luma beside each chroma sample; interlaced, each line of chroma belongs to one field."""
    if not encoding.interlaced:
        return summary(codes, encoding.subsampling)
    fields = [summary(np.ascontiguousarray(codes[first::2]), encoding.subsampling) for first in (0, 1)]
    woven = np.empty_like(codes, shape=(-(-len(codes) // encoding.subsampling[0]), fields[0].shape[1]))
    for first, field in enumerate(fields):
        woven[first::2] = field[: len(woven[first::2])]
    return woven


def _cell_means(codes: Codes, subsampling: tuple[int, int]) -> Codes:
    if subsampling == (1, 1):
        return codes
    whole = _whole_cells(codes, subsampling)
    size = whole.shape[1] // subsampling[1], whole.shape[0] // subsampling[0]
    return cast("Codes", cv2.resize(whole, size, interpolation=cv2.INTER_AREA))


def _extremes(extreme: Callable[..., Codes], codes: Codes, subsampling: tuple[int, int]) -> Codes:
    down, across = subsampling
    whole = _whole_cells(codes, subsampling)
    lines = reduce(extreme, (whole[row::down] for row in range(down)))
    if across == _PAIR:  # of all neighbours, of which every second pair is taken: twice as fast as those pairs alone
        flat = lines.reshape(-1)
        pairs = np.empty_like(flat)
        extreme(flat[:-1], flat[1:], out=pairs[:-1])
        return pairs[::_PAIR].reshape(len(lines), -1)
    return reduce(extreme, (lines[:, column::across] for column in range(across)))


_SUMMARIES = (_cell_means, partial(_extremes, np.minimum), partial(_extremes, np.maximum))
"""Of the luma beside each chroma sample: the mean, the darkest and the brightest."""


def _whole_cells(codes: Codes, subsampling: tuple[int, int]) -> Codes:
    """Luma whose sides are multiples of the cells', by repeating its last line and column."""
    missing = -codes.shape[0] % subsampling[0], -codes.shape[1] % subsampling[1]
    return np.pad(codes, ((0, missing[0]), (0, missing[1])), mode="edge") if any(missing) else codes
