"""The coloured picture at full size, which is computed strip by strip: it is never held whole.

The result is that of `chroma.enlarge` and `chroma.fit_gamut`, with which the training measures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import cv2
import numpy as np
import pyvips
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.chroma import ChromaFit
from colorizer.model.lab import rgb_minus_luma
from colorizer.model.surround import Margins
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.full_chroma import FullChroma, green_of
from colorizer.photo.picture import (
    MATRIX,
    MILLIMETRES,
    ColouredStrips,
    Picture,
    Strip,
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
_Plane = NDArray[np.float32]

_WHITE, _NEUTRAL = 255.0, 128
_RED, _BLUE = (2 - 2 * weight for weight in MATRIX.value)
"""R' - Y' and B' - Y' of Cr and Cb."""
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


def coloured_strips(
    picture: Picture, fit: ChromaFit, sample: Sample, white: float, on_progress: Callable[[], None]
) -> ColouredStrips:
    """Describe a coloured picture of one frame without alpha, to be computed in strips.

    Its Y'CbCr have the luma of the original, rounded where that does not have 8 bits of grey.

    Args:
        picture: the original.
        fit: its chroma, as the picture is stored.
        sample: type of the samples of the result, uchar or ushort.
        white: sample that is white there.
        on_progress: called after each strip is read.

    """
    coded = partial(_strips, picture, fit, on_progress=on_progress)
    header = picture.open()
    return ColouredStrips(
        picture.width,
        picture.height,
        sample,
        (header.xres * MILLIMETRES, header.yres * MILLIMETRES) if _states_resolution(header) else None,
        partial(coded, white, _write_rgb, sample=np.uint8 if sample == "uchar" else np.uint16),
        partial(coded, _WHITE, _write_ycbcr, sample=np.uint8),
    )


def _states_resolution(header: pyvips.Image) -> bool:
    """Whether a file states a resolution: libvips gives one pixel a millimetre to pictures without."""
    return bool(header.get_typeof("resolution-unit")) or (header.xres, header.yres) != (1.0, 1.0)


def _strips(  # noqa: PLR0913
    picture: Picture,
    fit: ChromaFit,
    white: float,
    write: Callable[[NDArray[Any], _Plane, _Plane], None],
    lines: int,
    *,
    sample: type[np.generic],
    on_progress: Callable[[], None],
) -> Iterator[Strip]:
    """Read a picture once, in strips; `write` makes their lines of luma (n, W) and of `FullChroma.strip`."""
    chroma = FullChroma(fit, picture.height, picture.width, white)
    for number, samples in enumerate(_samples(picture, white, lines)):
        yield partial(_coloured, samples, chroma, number * lines, write, sample)
        on_progress()
    picture.check_pass()


def _coloured(
    samples: NDArray[Any],
    chroma: FullChroma,
    begin: int,
    write: Callable[[NDArray[Any], _Plane, _Plane], None],
    sample: type[np.generic],
) -> NDArray[Any]:
    """The strip (n, W, 3) that begins at a line, of the picture's samples (n, W, 1 or 3)."""
    strip = np.empty((*samples.shape[:2], 3), sample)
    for first in range(0, len(samples), chroma.lines):  # few lines at a time stay in a processor's cache
        luma = _luma(samples[first : first + chroma.lines])
        write(strip[first : first + len(luma)], luma, chroma.strip(luma, begin + first))
    return strip


def _samples(picture: Picture, white: float, lines: int) -> Iterator[NDArray[Any]]:
    """The samples of a picture, if they are plain with this one for white; otherwise its luma, float."""
    if picture.strips is not None and picture.white == white:
        return picture.strips(lines)
    image = picture.open()
    is_readable = is_plain(image) and picture.white == white
    return read_strips(image if is_readable else luma_of(image, picture.white) * white, lines)


def _luma(samples: NDArray[Any]) -> _Plane:
    """Luma, float, (n, W), of samples (n, W, 1 or 3)."""
    values = samples.astype(np.float32)
    if samples.shape[2] == 1:
        return values[:, :, 0]
    return cast("_Plane", cv2.transform(values, np.array([luma_weights(1)], np.float32)))


def _write_ycbcr(lines: NDArray[Any], luma: _Plane, colour: _Plane) -> None:
    red, blue = colour
    coded = (cv2.convertScaleAbs(plane, alpha=1 / most, beta=_NEUTRAL) for plane, most in ((blue, _BLUE), (red, _RED)))
    cv2.merge([cv2.convertScaleAbs(luma), *coded], dst=lines)


def _write_rgb(lines: NDArray[Any], luma: _Plane, colour: _Plane) -> None:
    red, blue = colour
    depth = cv2.CV_8U if lines.dtype == np.uint8 else cv2.CV_16U
    planes = (red, green_of(red, blue), blue)
    cv2.merge([cv2.add(luma, plane, dtype=depth) for plane in planes], dst=lines)


def own_picture(picture: Picture, sample: Sample, white: float) -> pyvips.Image:
    """Describe the picture with the colour that it has, in the samples of a coloured one."""
    colour, alpha = split_alpha(picture.open())
    return _finished(_own_colour(colour, picture.white), alpha, picture, sample, white)


def _own_colour(colour: pyvips.Image, white: float) -> pyvips.Image:
    """R'G'B', float 0..1, of an image without alpha."""
    own, own_white = to_grey_or_srgb(colour, white)
    rgb = own.extract_band(0, n=3) if own.bands > 1 else own.bandjoin([own, own])
    return rgb.cast("float") / own_white


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
