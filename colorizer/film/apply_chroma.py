"""One frame gets its chroma; its luma samples stay what they are.

All is computed at the size of the chroma planes, by OpenCV and in narrow strips, which stay in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any, Self, cast

import cv2
import numpy as np
import torch
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from torch import Tensor

from colorizer.film.decode.signal import SampleCoding, shift_to_depth
from colorizer.film.encode.encoder import Encoding
from colorizer.film.flow import Plane
from colorizer.model.chroma import ChromaFit

Codes = NDArray[Any]
"""Samples as integers, (H, W), uint8 or uint16."""

_STRIP = 64
"""Lines of chroma that are computed together."""
_TINY = 1e-6
"""Smallest distance from grey, so that nothing is divided by zero."""


def mean_beside_chroma(codes: Codes, encoding: Encoding) -> Codes:
    """Mean luma of the samples that share each of the encoder's chroma samples, rounded.

    Args:
        codes: luma, (H, W).
        encoding: the encoder's pixel format.

    Returns:
        Codes, (H / down, W / across).

    """
    return _by_field(_cell_means, codes, encoding)


def apply_chroma(
    frame: VideoFrame, codes: Tensor, fit: ChromaFit, coding: SampleCoding, encoding: Encoding
) -> VideoFrame:
    """Give a frame its chroma.

    Args:
        frame: decoded; where it has the encoder's pixel format already, it is changed itself.
        codes: its luma, integers, (H, W).
        fit: its chroma as a function of luma, (1, 2, h, w).
        coding: how the integers code luma and chroma.
        encoding: the wanted pixel format.

    Returns:
        A frame in the wanted pixel format, with the side data of the original.

    """
    coloured = _writable(frame, encoding)
    planes = [torch.from_dlpack(plane).numpy() for plane in coloured.planes[1:3]]
    if coloured is not frame:
        torch.from_dlpack(coloured.planes[0]).copy_(shift_to_depth(codes, coding.depth, encoding.depth))
    write_chroma(planes, codes.numpy(), fit, coding, encoding)
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
    mean, darkest, brightest = (
        _by_field(reduced, luma, encoding)
        for reduced in (_cell_means, partial(_extremes, np.minimum), partial(_extremes, np.maximum))
    )
    lines = _lines_of(fit, coding, encoding.depth, mean.shape)
    gamut, target = _Gamut.of(coding, encoding.depth), coding.at_depth(encoding.depth)
    for strip in _strips(len(mean)):
        chroma = [slope[strip] * mean[strip] + offset[strip] for slope, offset in lines]
        gamut.limit(chroma, darkest[strip], brightest[strip])
        for plane, samples in zip(planes, chroma, strict=True):
            coded = np.rint(samples + np.float32(target.neutral))
            plane[strip] = coded.clip(0, (1 << target.depth) - 1, out=coded)


@dataclass(frozen=True, slots=True)
class _Gamut:
    """The gamut in units of codes: how far chroma, as codes from neutral, moves R'G'B', as codes of luma."""

    black: int
    white: int
    red: float
    """Of Cr."""
    blue: float
    """Of Cb."""
    green: tuple[float, float]
    """Of Cb and Cr."""

    @classmethod
    def of(cls, coding: SampleCoding, depth: int) -> Self:
        kr, kb = coding.matrix.value
        unit = coding.luma_span / coding.at_depth(depth).chroma_span
        red, blue = (2 - 2 * kr) * unit, (2 - 2 * kb) * unit
        rest = kr + kb - 1
        return cls(coding.black, coding.black + coding.luma_span, red, blue, (kb * blue / rest, kr * red / rest))

    def limit(self, chroma: Sequence[Plane], darkest: Codes, brightest: Codes) -> None:
        """Reduce Cb and Cr in place, keeping the hue, until R'G'B' lie in the gamut at every luma between the two."""
        cb, cr = chroma
        red, blue = cr * np.float32(self.red), cb * np.float32(self.blue)
        green = cb * np.float32(self.green[0]) + cr * np.float32(self.green[1])
        up = np.maximum(np.maximum(red, blue), green)
        down = np.minimum(np.minimum(red, blue), green)
        if not ((up + brightest > self.white) | (down + darkest < self.black)).any():
            return
        above = (np.float32(self.white) - brightest) / np.maximum(up, np.float32(_TINY))
        below = (np.float32(self.black) - darkest) / np.minimum(down, np.float32(-_TINY))
        room = np.minimum(above, below).clip(0, 1)
        np.multiply(cb, room, out=cb)
        np.multiply(cr, room, out=cr)


def _lines_of(fit: ChromaFit, coding: SampleCoding, depth: int, size: tuple[int, ...]) -> list[tuple[Plane, Plane]]:
    """Slope and offset of Cb and of Cr as functions of the code of luma, at the size of the chroma planes."""
    span = coding.at_depth(depth).chroma_span
    slope = fit.slope[0].cpu() * (span / coding.luma_span)
    offset = fit.offset[0].cpu() * span - slope * coding.black
    rows, columns = size

    def enlarged(plane: Tensor) -> Plane:
        return cast("Plane", cv2.resize(plane.numpy(), (columns, rows), interpolation=cv2.INTER_LINEAR))

    return [(enlarged(one), enlarged(other)) for one, other in zip(slope, offset, strict=True)]


def _strips(lines: int) -> Iterator[slice]:
    return (slice(first, first + _STRIP) for first in range(0, lines, _STRIP))


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


def _extremes(extreme: Callable[[Codes, Codes], Codes], codes: Codes, subsampling: tuple[int, int]) -> Codes:
    down, across = subsampling
    whole = _whole_cells(codes, subsampling)
    lines = reduce(extreme, (whole[row::down] for row in range(down)))
    return reduce(extreme, (lines[:, column::across] for column in range(across)))


def _whole_cells(codes: Codes, subsampling: tuple[int, int]) -> Codes:
    """Luma whose sides are multiples of the cells', by repeating its last line and column."""
    missing = -codes.shape[0] % subsampling[0], -codes.shape[1] % subsampling[1]
    return np.pad(codes, ((0, missing[0]), (0, missing[1])), mode="edge") if any(missing) else codes


def _writable(frame: VideoFrame, encoding: Encoding) -> VideoFrame:
    if frame.format.name == encoding.pixels:
        frame.make_writable()
        return frame
    return frame.reformat(format=encoding.pixels)
