"""A coloured frame of a sequence: the luma of its original, and the chroma of the film's segment, as R'G'B'."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from colorizer.errors import MediaError
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.pixel_format import has_alpha, is_rgb, luma_codes
from colorizer.film.plan import FilmPlan

Samples = NDArray[Any]
"""Samples as integers, (H, W, 3) for R'G'B' and (H, W, 4) with alpha, uint8 or uint16."""
_DEEP = 16
"""Bits with which the luma of R'G'B' is computed."""


class UnreadableFrameError(MediaError):
    """The file of an original has a picture, and cannot be read otherwise: it is damaged, or of another kind."""


@dataclass(frozen=True, slots=True)
class ColouredFrame:
    """A frame and what is written of it."""

    original: Path
    rgb: NDArray[np.float32]
    """R'G'B', 0..1, (H, W, 3)."""
    alpha: NDArray[np.uint16] | None
    """Alpha, 0..65535, (H, W); None where the original is opaque."""
    depth: int
    """Bits of a sample of the original, 8..16."""
    maker: str
    """What made the colour, for the metadata; empty: nothing is said."""

    def samples(self, depth: int, *, with_alpha: bool = True) -> Samples:
        """R'G'B' as integers of a depth, with the alpha, if there is one and it is wanted."""
        kind = np.uint8 if depth == 8 else np.uint16
        most = (1 << depth) - 1
        rgb: Samples = np.rint(self.rgb * np.float32(most)).astype(kind)
        if self.alpha is None or not with_alpha:
            return rgb
        alpha = (self.alpha >> (16 - depth)).astype(kind)
        return np.concatenate((rgb, alpha[..., None]), axis=2)

    def check(self, read: Samples, written: Samples) -> None:
        """Compare the samples that are read from a result with those that were written.

        Raises:
            MediaError: they differ.

        """
        if not np.array_equal(read, written):
            raise MediaError(f"{self.original.name}: its coloured frame did not pass its check; please report this")


def coloured_frame(original: Path, decoded: Frame, coloured: VideoFrame, plan: FilmPlan, maker: str) -> ColouredFrame:
    """Join the luma of a decoded original with the chroma of its coloured picture.

    Args:
        original: the file.
        decoded: its picture, as `read_frames` gives it.
        coloured: the same in the planar Y'CbCr of the film's segments.
        plan: of the film.
        maker: see `ColouredFrame.maker`.

    """
    picture, coding = decoded.picture, plan.info.coding
    deep = coding.at_depth(_DEEP) if is_rgb(picture.format) else coding
    luma = deep.luma(luma_codes(picture, deep)).numpy()
    encoded = coding.at_depth(plan.encoding.depth)
    cb, cr = (_at_size(torch.from_dlpack(plane).numpy(), luma.shape) for plane in coloured.planes[1:3])
    kr, kb = coding.matrix.value
    red, blue = (
        (plane - np.float32(encoded.neutral)) * np.float32((2 - 2 * weight) / encoded.chroma_span)
        for plane, weight in ((cr, kr), (cb, kb))
    )
    of_red, of_blue = coding.matrix.green
    green = cv2.addWeighted(red, of_red, blue, of_blue, 0)
    rgb = np.asarray(cv2.merge([luma + plane for plane in (red, green, blue)]), np.float32)
    np.clip(rgb, 0, 1, out=rgb)
    return ColouredFrame(original, rgb, _alpha(picture, VideoFormat(plan.info.pixels)), coding.depth, maker)


def _at_size(plane: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
    height, width = shape
    samples = plane.astype(np.float32)
    if plane.shape != shape:
        samples = np.asarray(cv2.resize(samples, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return samples


def _alpha(picture: VideoFrame, pixels: VideoFormat) -> NDArray[np.uint16] | None:
    """The alpha of a frame, which was decoded in a format, if some of it is transparent."""
    if not has_alpha(pixels):
        return None
    alpha = cast("NDArray[np.uint16]", picture.reformat(format="rgba64le").to_ndarray()[..., 3])
    is_opaque = pixels.has_palette and bool((alpha >> 8 == 255).all())
    return None if is_opaque else alpha
