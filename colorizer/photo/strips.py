"""The coloured picture at full size, which is computed strip by strip: it is never held whole.

The result is that of `chroma.enlarge` and `chroma.fit_gamut`, with which the training measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.chroma import ChromaFit
from colorizer.model.lab import rgb_minus_luma
from colorizer.model.surround import Margins
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.full_chroma import FullChroma
from colorizer.photo.picture import (
    MATRIX,
    Picture,
    Strip,
    YCbCr,
    is_plain,
    luma_of,
    luma_weights,
    read_strips,
    split_alpha,
    to_grey_or_srgb,
)
from colorizer.photo.reduction import split_frames

_NOTHING = Margins()
_TINY = 1e-9
"""Added to distances from grey, so that nothing is divided by zero."""
_WHITE, _NEUTRAL, _HALF = 255.0, np.float32(128), np.float32(0.5)
_INTERPRETATIONS: dict[Sample, str] = {"uchar": "srgb", "ushort": "rgb16", "float": "rgb"}


def colour_picture(
    picture: Picture, fits: Sequence[ChromaFit], sample: Sample, white: float, kept: Margins = _NOTHING
) -> pyvips.Image:
    """Describe the coloured picture, to be computed when it is read.

    Args:
        picture: the original.
        fits: chroma of each frame, as the picture is stored.
        sample: type of the samples of the result.
        white: sample that is white there.
        kept: lines of the stored picture that keep their colour.

    Returns:
        sRGB with the original's alpha and metadata.

    """
    colour, alpha = split_alpha(picture.open())
    luma = luma_of(colour, picture.white)
    coloured = [colour_frame(frame, fit) for frame, fit in zip(split_frames(luma, picture), fits, strict=True)]
    image = coloured[0] if len(coloured) == 1 else pyvips.Image.arrayjoin(coloured, across=1)
    if kept:
        width, height = image.width - kept.left - kept.right, image.height - kept.top - kept.bottom
        inside = image.crop(kept.left, kept.top, width, height)
        image = _own_colour(colour, picture.white).insert(inside, kept.left, kept.top)
    return _finished(image, alpha, picture, sample, white)


def ycbcr_picture(picture: Picture, fit: ChromaFit, on_progress: Callable[[], None]) -> YCbCr:
    """Describe a coloured picture of one frame without alpha as Y'CbCr of 8 bits.

    Its Y' is the luma of the original, rounded where that does not have 8 bits of grey.

    Args:
        picture: the original.
        fit: its chroma, as the picture is stored.
        on_progress: called with each strip that is read.

    """
    chroma = FullChroma(fit, picture.height, picture.width, _WHITE)

    def strips(lines: int) -> Iterator[Strip]:
        for number, samples in enumerate(read_strips(_readable(picture), lines)):
            yield partial(_ycbcr, samples, number * lines, chroma)
            on_progress()
        picture.check_pass()

    return YCbCr(picture.width, picture.height, strips)


def _readable(picture: Picture) -> pyvips.Image:
    """A picture as it is, if it is grey or R'G'B' of 8 bits; otherwise its luma, float 0..255."""
    image = picture.open()
    if image.format == "uchar" and is_plain(image):
        return image
    return luma_of(image, picture.white) * _WHITE


def _ycbcr(samples: NDArray[np.uint8] | NDArray[np.float32], first: int, chroma: FullChroma) -> NDArray[np.uint8]:
    """Y'CbCr of some lines (n, W, 3), of which the first has this number, of their samples (n, W, 1 or 3)."""
    if samples.shape[2] == 1:
        luma = samples[:, :, 0].astype(np.float32)
    else:
        red, green, blue = (np.float32(weight) * samples[:, :, band] for band, weight in enumerate(luma_weights(1)))
        luma = red + green + blue
    coded = np.empty((*luma.shape, 3), np.uint8)
    coded[:, :, 0] = luma + _HALF
    for band, plane in enumerate(chroma.strip(luma, first), start=1):
        coded[:, :, band] = plane + (_NEUTRAL + _HALF)
    return coded


def own_picture(picture: Picture, sample: Sample, white: float) -> pyvips.Image:
    """Describe the picture with the colour that it has, in the samples of a coloured one."""
    colour, alpha = split_alpha(picture.open())
    return _finished(_own_colour(colour, picture.white), alpha, picture, sample, white)


def _own_colour(colour: pyvips.Image, white: float) -> pyvips.Image:
    """R'G'B', float 0..1, of an image without alpha."""
    own, own_white = to_grey_or_srgb(colour, white)
    return own.extract_band(0, n=3).cast("float") / own_white


def _finished(
    image: pyvips.Image, alpha: pyvips.Image | None, picture: Picture, sample: Sample, white: float
) -> pyvips.Image:
    """A picture, R'G'B' of 0..1, in samples and with its alpha."""
    rgb = _to_samples(image, white, sample).copy(interpretation=_INTERPRETATIONS[sample])
    if alpha is None:
        return rgb
    if alpha.format != sample or white != picture.white:
        alpha = _to_samples(alpha.cast("float") / picture.white, white, sample)
    return rgb.bandjoin(alpha)


def grey_picture(picture: Picture, sample: Sample, white: float) -> pyvips.Image:
    """Describe the picture without colour, in the samples of the coloured one."""
    nothing = torch.zeros(1, 2, 1, 1)
    return colour_picture(picture, [ChromaFit(nothing, nothing)] * picture.frames, sample, white)


def colour_frame(luma: pyvips.Image, fit: ChromaFit) -> pyvips.Image:
    """Give a frame its colour: R'G'B', float 0..1, of a luma, float 0..1."""
    # Band by band: libvips takes a third more time for the same with three bands at once.
    small = torch.cat((rgb_minus_luma(fit.slope, MATRIX), rgb_minus_luma(fit.offset, MATRIX)), dim=1)
    bands = _enlarge(small, luma).bandsplit()
    red, green, blue = (slope * luma + offset for slope, offset in zip(bands[:3], bands[3:], strict=True))
    up, down = red.maxpair(green).maxpair(blue) + _TINY, _TINY - red.minpair(green).minpair(blue)
    room = ((1 - luma) / up).minpair(luma / down).minpair(1).maxpair(0)
    return (luma + red * room).bandjoin([luma + green * room, luma + blue * room])


def _to_samples(image: pyvips.Image, white: float, sample: Sample) -> pyvips.Image:
    """Turn values of 0..1 into samples."""
    scaled = image * white
    return scaled.cast("float") if sample == "float" else scaled.rint().cast(sample)


def _enlarge(plane: Tensor, luma: pyvips.Image) -> pyvips.Image:
    """Enlarge a small plane (1, C, h, w) to the size of the luma, bilinearly between the centres of pixels."""
    small = pyvips.Image.new_from_array(np.ascontiguousarray(plane[0].permute(1, 2, 0).float().cpu().numpy()))
    across, along = luma.width / small.width, luma.height / small.height
    return small.affine(
        [across, 0, 0, along],
        interpolate=pyvips.Interpolate.new("bilinear"),
        oarea=[0, 0, luma.width, luma.height],
        odx=(across - 1) / 2,
        ody=(along - 1) / 2,
        extend="copy",
    )
