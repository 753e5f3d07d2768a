"""Pixel formats: what the samples of a frame are, and its luma as integers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from torch import Tensor

from colorizer.film.decode.signal import FULL_RANGE, SampleCoding
from colorizer.model.lab import luma_of_rgb
from colorizer.model.upright import Inversion

_FLOAT_GREY = "grayf32le"


def luma_codes(frame: VideoFrame, coding: SampleCoding) -> Tensor:
    """The luma of a frame as the integers that the file holds, uint8 or uint16, (H, W).

    The tensor shares memory with the frame where its format has a luma plane. The luma of R'G'B' is computed with
    16 bits.

    """
    if has_luma_plane(frame.format):
        return torch.from_dlpack(frame.planes[0])
    if is_rgb(frame.format):
        return coding.luma_codes(luma_of_rgb(rgb_of(frame), coding.matrix)[0])
    if frame.format.name == _FLOAT_GREY:  # libav would bring it to limited range
        plane = frame.planes[0]
        samples = torch.frombuffer(bytearray(plane), dtype=torch.float32).reshape(plane.height, -1)
        return coding.luma_codes(samples[:, : plane.width].nan_to_num())
    return torch.from_dlpack(frame.reformat(format=_unpacked(frame.format)).planes[0]).clone()


def rgb_of(frame: VideoFrame) -> Tensor:
    """The samples of a frame in R'G'B', float32, 0..1, (3, H, W).

    libav deepens 8 bits to 16 with an error of half a code, so that they stay 8.
    """
    pixels, most = ("rgb24", 255) if frame.format.components[0].bits <= 8 else ("rgb48le", 65535)
    return torch.from_dlpack(frame.reformat(format=pixels).planes[0]).permute(2, 0, 1).float() / most


def narrowed(frame: VideoFrame, coding: SampleCoding) -> VideoFrame:
    """A grey frame of full range in the limited range of a coding; R'G'B' has its range when it becomes luma."""
    if is_rgb(frame.format):
        return frame
    full = replace(coding, tags=replace(coding.tags, range=FULL_RANGE))
    limited = VideoFrame(frame.width, frame.height, _unpacked(frame.format))
    plane = torch.from_dlpack(limited.planes[0])
    plane.copy_(coding.luma_codes(full.luma(luma_codes(frame, full))).to(plane.dtype))
    limited.pts, limited.time_base, limited.duration = frame.pts, frame.time_base, frame.duration
    return limited


def inverted(frame: VideoFrame, coding: SampleCoding, inversion: Inversion) -> VideoFrame:
    """The positive of a frame of a negative: its luma is inverted, and its chroma stays; R'G'B' becomes grey."""
    if is_rgb(frame.format):
        luma = inversion.positive(luma_of_rgb(rgb_of(frame), coding.matrix))[0]
        positive = _writable(frame, _packed_rgb(frame.format))
        samples = torch.from_dlpack(positive.planes[0])[..., :3]
        samples.copy_((luma * (255 if samples.dtype == torch.uint8 else 65535)).round()[..., None].to(samples.dtype))
    else:
        codes = luma_codes(frame, coding)
        own = has_luma_plane(frame.format)
        positive = _writable(frame, frame.format.name if own else _unpacked(frame.format, with_alpha=True))
        table = _positive_codes(coding, inversion)
        torch.from_dlpack(positive.planes[0]).copy_(torch.from_numpy(table[codes.numpy()]))
    positive.pts, positive.time_base, positive.duration = frame.pts, frame.time_base, frame.duration
    return positive


@lru_cache(maxsize=1)
def _positive_codes(coding: SampleCoding, inversion: Inversion) -> NDArray[Any]:
    """The code of the positive's luma, by that of the negative's."""
    codes = coding.luma_codes(inversion.positive(coding.luma(torch.arange(1 << coding.depth)))).numpy()
    return codes.astype(np.uint8 if coding.depth == 8 else np.uint16)


def _writable(frame: VideoFrame, pixels: str) -> VideoFrame:
    """A frame in a format, which is written to."""
    copy = frame.reformat(format=pixels)
    copy.make_writable()
    return copy


def _packed_rgb(pixels: VideoFormat) -> str:
    """The packed R'G'B' of 8 or 16 bits that holds what another R'G'B' or palette does, with its alpha."""
    names = ("rgba", "rgba64le") if has_alpha(pixels) else ("rgb24", "rgb48le")
    return names[pixels.components[0].bits > 8]


def has_luma_plane(pixels: VideoFormat) -> bool:
    """Whether the first plane of a format is luma and nothing else, in this machine's byte order."""
    first, *others = pixels.components
    alone = first.plane == 0 and all(component.plane != 0 for component in others)
    packed_high = pixels.name.startswith(("p0", "p2", "p4"))  # the samples are in the upper bits
    return (
        alone
        and first.is_luma
        and 8 <= first.bits <= 16
        and not (pixels.has_palette or pixels.is_big_endian or packed_high)
    )


def has_chroma(pixels: VideoFormat) -> bool:
    """Whether a format can hold colour."""
    return pixels.has_palette or sum(not component.is_alpha for component in pixels.components) >= 3


def has_alpha(pixels: VideoFormat) -> bool:
    """Whether a format can hold transparency."""
    return pixels.has_palette or any(component.is_alpha for component in pixels.components)


def is_rgb(pixels: VideoFormat) -> bool:
    """Whether a format holds R'G'B' or a palette of it; one-bit black and white counts as such."""
    return pixels.is_rgb or pixels.has_palette or pixels.name.startswith(("mono", "xyz", "bayer"))


def depth_of(pixels: VideoFormat) -> int:
    """Bits of a luma sample, 8..16."""
    return min(16, max(8, pixels.components[0].bits))


def _unpacked(pixels: VideoFormat, *, with_alpha: bool = False) -> str:
    """The planar format of the same depth into which a packed one is unpacked without any change to its luma."""
    only_luma = sum(not component.is_alpha for component in pixels.components) == 1
    planes = "yuva444p" if with_alpha and has_alpha(pixels) else "gray" if only_luma else "yuv444p"
    depth = depth_of(pixels)
    return planes + ("" if depth == 8 else f"{depth}le")
