"""One frame gets its chroma: its luma samples stay what they are."""

from __future__ import annotations

from functools import reduce

import torch
from av.video.frame import VideoFrame
from torch import Tensor
from torch.nn import functional

from colorizer.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.coding import Coding
from colorizer.encoder import Encoding


def tint(frame: VideoFrame, codes: Tensor, fit: ChromaFit, coding: Coding, encoding: Encoding) -> VideoFrame:
    """Give a frame its chroma.

    Args:
        frame: decoded; where it has the encoder's pixel format already, it is changed itself.
        codes: its luma as the file holds it, integers, (H, W).
        fit: its chroma as a function of luma, (1, 2, h, w).
        coding: what the samples stand for.
        encoding: the wanted pixel format.

    Returns:
        A frame in the wanted pixel format, with the timestamps and the side data of the original.

    """
    device = fit.slope.device
    chroma = chroma_codes(codes.to(device), fit, coding, encoding)
    tinted = _writable(frame, encoding)
    if tinted is not frame:
        torch.from_dlpack(tinted.planes[0]).copy_(_at_depth(codes, coding.depth, encoding.depth))
    for plane, samples in zip(tinted.planes[1:3], chroma, strict=True):
        torch.from_dlpack(plane).copy_(samples)
    return tinted


def beside_grey(frame: VideoFrame) -> VideoFrame:
    """A frame twice as wide: on the left without its chroma, on the right as it is."""
    double = VideoFrame(2 * frame.width, frame.height, frame.format.name)
    double.pts, double.time_base, double.duration = frame.pts, frame.time_base, frame.duration
    neutral = 1 << (frame.format.components[0].bits - 1)
    for number, (wide, plane) in enumerate(zip(double.planes, frame.planes, strict=True)):
        samples = torch.from_dlpack(plane)
        left, right = torch.from_dlpack(wide).chunk(2, dim=1)
        right.copy_(samples)
        left.copy_(samples if number == 0 else torch.full_like(samples, neutral))
    return double


@torch.inference_mode()
def chroma_codes(codes: Tensor, fit: ChromaFit, coding: Coding, encoding: Encoding) -> Tensor:
    """Integer Cb and Cr, (2, H / down, W / across), inside the gamut beside every luma sample that shares them."""
    corners = [coding.luma(corner) for corner in _corners(codes[None, None], encoding.subsampling)]
    mean = sum(corners[1:], corners[0]) / len(corners)
    darkest, brightest = reduce(torch.minimum, corners), reduce(torch.maximum, corners)
    chroma = fit_gamut(darkest, brightest, enlarge(fit, mean), coding.matrix)
    return coding.at_depth(encoding.depth).chroma_codes(chroma)[0].cpu()


def _corners(codes: Tensor, subsampling: tuple[int, int]) -> list[Tensor]:
    """The luma samples that share a chroma sample, first all the upper left ones, and so on."""
    down, across = subsampling
    height, width = codes.shape[-2:]
    missing = (0, -width % across, 0, -height % down)
    if any(missing):
        codes = functional.pad(codes.float(), missing, mode="replicate")
    return [codes[..., row::down, column::across] for row in range(down) for column in range(across)]


def _writable(frame: VideoFrame, encoding: Encoding) -> VideoFrame:
    if frame.format.name == encoding.pixels:
        frame.make_writable()
        return frame
    return frame.reformat(format=encoding.pixels)


def _at_depth(codes: Tensor, depth: int, wanted: int) -> Tensor:
    """The same luma in samples of more or fewer bits."""
    if wanted == depth:
        return codes
    wide = codes.to(torch.int32)
    return wide << (wanted - depth) if wanted > depth else (wide >> (depth - wanted))
