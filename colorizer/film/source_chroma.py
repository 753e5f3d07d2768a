"""A frame that is in colour already keeps its chroma: bit for bit where the encoder's pixel format is its own.

In a dissolve from or to a grey scene, it keeps what it has of the scene in colour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from torch import Tensor

from colorizer.film.decode.pixel_format import depth_of, is_rgb, rgb_of
from colorizer.film.decode.signal import SampleCoding, shift_to_depth
from colorizer.film.encode.encoder import Encoding
from colorizer.model.colorist import shrink
from colorizer.model.lab import rgb_to_ycbcr

_SUBSAMPLINGS = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411", (4, 4): "410"}
"""Luma samples for each chroma sample, across and down, with libav's name for that."""
_LONG = 64
"""A side that every subsampling divides."""


def keep_chroma(frame: VideoFrame, luma: Tensor, coding: SampleCoding, encoding: Encoding) -> VideoFrame:
    """Bring a frame into the encoder's pixel format, with its own luma and chroma.

    Args:
        frame: decoded.
        luma: its luma, integers, (H, W).
        coding: how the integers code luma and chroma.
        encoding: the wanted pixel format.

    """
    if frame.format.name == encoding.pixels:
        return frame
    kept = frame.reformat(format=encoding.pixels)
    planes = (luma, *own_chroma(frame, coding))
    for plane, samples in zip(kept.planes, planes, strict=False):
        target = torch.from_dlpack(plane)
        deep = shift_to_depth(samples, coding.depth, encoding.depth)
        target.copy_((_fields_at_size if encoding.interlaced else _at_size)(deep, target.shape))
    return kept


def own_codes(frame: VideoFrame, luma: Tensor, coding: SampleCoding, encoding: Encoding) -> tuple[Tensor, Tensor]:
    """Copies of the Cb and Cr that `keep_chroma` gives a frame, as integers of the encoder's depth."""
    cb, cr = keep_chroma(frame, luma, coding, encoding).planes[1:3]
    return torch.from_dlpack(cb).to(torch.int32), torch.from_dlpack(cr).to(torch.int32)


def add_chroma(
    frame: VideoFrame, own: Sequence[Tensor], tint: Sequence[float], coding: SampleCoding, encoding: Encoding
) -> None:
    """Add a frame's own chroma to the one that it was given.

    Args:
        frame: in the encoder's pixel format; it is changed.
        own: see `own_codes`.
        tint: Cb and Cr, -0.5..0.5, that are taken from it.
        coding: how the integers code luma and chroma.
        encoding: the encoder's pixel format.

    """
    target = coding.at_depth(encoding.depth)
    for plane, codes, cast in zip(frame.planes[1:3], own, tint, strict=True):
        samples = torch.from_dlpack(plane)
        mixed = samples.to(torch.int32) + codes - round(target.neutral + cast * target.chroma_span)
        samples.copy_(mixed.clamp_(0, (1 << target.depth) - 1))


def varies(frame: VideoFrame, coding: SampleCoding) -> bool:
    """Whether a frame's chroma is not the same throughout: the same throughout, it is a tint at most."""
    return any(bool(np.ptp(samples.numpy())) for samples in own_chroma(frame, coding))


def own_chroma(frame: VideoFrame, coding: SampleCoding) -> tuple[Tensor, Tensor]:
    """Cb and Cr of a frame as integers of the coding's depth, at the size that the file has them in."""
    if is_rgb(frame.format):
        cb, cr = coding.chroma_codes(rgb_to_ycbcr(rgb_of(frame), coding.matrix)[1:])
        return cb, cr
    planar = frame if _is_planar(frame.format) else frame.reformat(format=_planar(frame.format))
    return torch.from_dlpack(planar.planes[1]), torch.from_dlpack(planar.planes[2])


def _is_planar(pixels: VideoFormat) -> bool:
    """Whether Cb and Cr lie in planes of their own, in this machine's byte order."""
    return len({component.plane for component in pixels.components[:3]}) == 3 and not pixels.is_big_endian


def _planar(pixels: VideoFormat) -> str:
    """The planar format into which another one is unpacked without any change to its samples."""
    subsampling = _LONG // pixels.chroma_width(_LONG), _LONG // pixels.chroma_height(_LONG)
    depth = depth_of(pixels)
    return f"yuv{_SUBSAMPLINGS[subsampling]}p" + ("" if depth == 8 else f"{depth}le")


def _fields_at_size(codes: Tensor, size: torch.Size) -> Tensor:
    """Each of the two fields, whose lines alternate, at its size."""
    if codes.shape == size:
        return codes
    woven = codes.new_empty(size)
    for first in (0, 1):
        woven[first::2] = _at_size(codes[first::2], woven[first::2].shape)
    return woven


def _at_size(codes: Tensor, size: torch.Size) -> Tensor:
    if codes.shape == size:
        return codes
    return shrink(codes[None, None].float(), (size[0], size[1]))[0, 0].round()
