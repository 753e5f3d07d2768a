"""The coloured picture at full size, which libvips computes strip by strip: it is never held whole.

The result is that of `chroma.enlarge` and `chroma.fit_gamut`, which colour the frames of films.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyvips
import torch
from torch import Tensor

from colorizer.model.chroma import ChromaFit
from colorizer.model.lab import rgb_minus_luma
from colorizer.model.surround import Margins
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.picture import MATRIX, Picture, luma_of, split_alpha, to_grey_or_srgb
from colorizer.photo.reduction import split_frames

_NOTHING = Margins()
_TINY = 1e-9
"""Added to distances from grey, so that nothing is divided by zero."""
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
