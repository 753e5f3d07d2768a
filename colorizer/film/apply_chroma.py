"""One frame gets its chroma; its luma samples stay what they are."""

from __future__ import annotations

from contextlib import suppress
from functools import reduce

import torch
from av.video.frame import VideoFrame
from torch import Tensor
from torch.nn import functional

from colorizer.film.decode.frame import LumaSamples
from colorizer.film.decode.signal import SampleCoding, shift_to_depth
from colorizer.film.encode.encoder import Encoding
from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut


def luma_beside_chroma(codes: Tensor, coding: SampleCoding, encoding: Encoding) -> tuple[Tensor, Tensor, Tensor]:
    """Mean, least and greatest luma of the samples that share each of the encoder's chroma samples.

    Args:
        codes: luma, integers, (H, W).
        coding: how the integers code luma.
        encoding: the encoder's pixel format.

    Returns:
        Three times luma, float32, (1, 1, H / down, W / across).

    """
    corners = (_field_corners if encoding.interlaced else _corners)(codes[None, None], encoding.subsampling)
    mean = sum((corner.float() for corner in corners[1:]), corners[0].float()) / len(corners)
    darkest, brightest = reduce(torch.minimum, corners), reduce(torch.maximum, corners)
    return coding.luma(mean), coding.luma(darkest), coding.luma(brightest)


def apply_chroma(
    frame: VideoFrame, luma: LumaSamples, fit: ChromaFit, coding: SampleCoding, encoding: Encoding
) -> VideoFrame:
    """Give a frame its chroma.

    Args:
        frame: decoded; where it has the encoder's pixel format already, it is changed itself.
        luma: its luma.
        fit: its chroma as a function of luma, (1, 2, h, w).
        coding: how the integers code luma and chroma.
        encoding: the wanted pixel format.

    Returns:
        A frame in the wanted pixel format, with the side data of the original.

    """
    chroma = chroma_codes(luma, fit, coding, encoding)
    coloured = _writable(frame, encoding)
    if coloured is not frame:
        torch.from_dlpack(coloured.planes[0]).copy_(shift_to_depth(luma.codes, coding.depth, encoding.depth))
    for plane, samples in zip(coloured.planes[1:3], chroma, strict=True):
        torch.from_dlpack(plane).copy_(samples)
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


def chroma_codes(luma: LumaSamples, fit: ChromaFit, coding: SampleCoding, encoding: Encoding) -> Tensor:
    """Integer Cb and Cr, (2, H / down, W / across), inside the gamut beside every luma sample that shares them.

    They are computed on the device of the fit, or on the CPU where its memory does not hold a frame of this size.
    """
    with suppress(torch.OutOfMemoryError):
        return _chroma_codes(luma, fit, coding, encoding)
    torch.cuda.empty_cache()  # here, because the error keeps the tensors of its traceback alive
    return _chroma_codes(luma, ChromaFit(fit.slope.cpu(), fit.offset.cpu()), coding, encoding)


@torch.inference_mode()
def _chroma_codes(luma: LumaSamples, fit: ChromaFit, coding: SampleCoding, encoding: Encoding) -> Tensor:
    device = fit.slope.device
    chroma = enlarge(fit, luma.mean.to(device))
    inside = fit_gamut(luma.darkest.to(device), luma.brightest.to(device), chroma, coding.matrix)
    return coding.at_depth(encoding.depth).chroma_codes(inside)[0].cpu()


def _field_corners(codes: Tensor, subsampling: tuple[int, int]) -> list[Tensor]:
    """The same for interlaced luma, where a line of chroma belongs to lines of its own field: they alternate."""
    lines = -(-codes.shape[-2] // subsampling[0])
    fields = (_corners(codes[..., first::2, :], subsampling) for first in (0, 1))
    woven = []
    for odd, even in zip(*fields, strict=True):
        both = odd.new_empty(1, 1, lines, odd.shape[-1])
        both[..., 0::2, :] = odd[..., : -(-lines // 2), :]
        both[..., 1::2, :] = even[..., : lines // 2, :]
        woven.append(both)
    return woven


def _corners(codes: Tensor, subsampling: tuple[int, int]) -> list[Tensor]:
    """The luma samples that share a chroma sample, first all the upper left ones, and so on."""
    down, across = subsampling
    height, width = codes.shape[-2:]
    missing = (0, -width % across, 0, -height % down)
    if any(missing):
        codes = functional.pad(codes.float(), missing, mode="replicate")
    wide = codes if codes.dtype == torch.uint8 else codes.to(torch.int32)
    return [wide[..., row::down, column::across] for row in range(down) for column in range(across)]


def _writable(frame: VideoFrame, encoding: Encoding) -> VideoFrame:
    if frame.format.name == encoding.pixels:
        frame.make_writable()
        return frame
    return frame.reformat(format=encoding.pixels)
