"""The small version of a picture by which its colours are chosen, and by which it is judged whether it has any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyvips
import torch
from torch import Tensor

from colorizer.model.colorist import shrink
from colorizer.model.orientation import orient
from colorizer.model.tint_detection import is_in_colour, judged_extent
from colorizer.photo.picture import Picture, luma_of, luma_weights, split_alpha, to_grey_or_srgb
from colorizer.photo.watching import watch

Extent = Callable[[int, int], tuple[int, int]]
"""Maps height and width of a picture to those at which its colours are chosen (see `Colorist.extent`)."""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A picture at a small size."""

    luma: tuple[Tensor, ...]
    """Luma of each frame, upright, at the working size: float32, 0..1, (1, 1, h, w)."""
    in_colour: bool
    """Whether the picture is in colour already; False where that was not asked."""


def reduce_picture(
    picture: Picture, extent: Extent, on_progress: Callable[[], None], *, judge_colour: bool
) -> Reduction:
    """Read a picture once, and reduce it.

    Args:
        picture: the picture.
        extent: gives the working size.
        on_progress: called from time to time.
        judge_colour: whether to find out if it is in colour.

    Raises:
        pyvips.Error: it is damaged or cut off.

    """
    colour, alpha = split_alpha(picture.open())
    sides = _working_sides(picture, extent)
    factor = _factor(picture, sides)
    reads_colour = judge_colour and colour.bands > 2
    image = _luma_and_colour(colour, alpha, picture.white) if reads_colour else luma_of(colour, picture.white)
    frames = [_shrunk(frame, factor, on_progress, picture.check_pass) for frame in split_frames(image, picture)]
    luma = tuple(_working_luma(frame[:, :1], sides, picture.orientation) for frame in frames)
    return Reduction(luma, reads_colour and _is_in_colour(picture, torch.cat([frame[0, 1:] for frame in frames], 1)))


def split_frames(image: pyvips.Image, picture: Picture) -> list[pyvips.Image]:
    """Cut an image into the frames of its animation."""
    if picture.frames == 1:
        return [image]
    height = picture.height
    return [image.crop(0, number * height, picture.width, height) for number in range(picture.frames)]


def _working_sides(picture: Picture, extent: Extent) -> tuple[int, int]:
    """Height and width of the upright picture at the working size."""
    height, width = picture.height, picture.width
    return extent(width, height) if picture.orientation > 4 else extent(height, width)


def _factor(picture: Picture, sides: tuple[int, int]) -> int:
    """By how much libvips shrinks the picture: to twice the working size, but no smaller than it is judged."""
    short = min(picture.height, picture.width)
    judged = min(judged_extent(picture.height, picture.width))
    return max(1, min(int(short / min(sides) / 2), int(short / judged)))


def _luma_and_colour(colour: pyvips.Image, alpha: pyvips.Image | None, own_white: float) -> pyvips.Image:
    """Luma and R'G'B', float 0..1, of which transparent parts are black; `own_white` is the sample that is white."""
    image, white = to_grey_or_srgb(colour, own_white)
    own = [[1 / white if row == column else 0 for column in range(3)] for row in range(3)]
    both = image.extract_band(0, n=3).cast("float").recomb(pyvips.Image.new_from_list([luma_weights(white), *own]))
    if alpha is None and image.format != "float":
        return both
    rgb = both.extract_band(1, n=3).maxpair(0).minpair(1)
    if alpha is not None:
        rgb *= alpha.cast("float") / own_white
    return both[0].bandjoin(rgb)


def _shrunk(
    image: pyvips.Image, factor: int, on_progress: Callable[[], None], check_pass: Callable[[], None]
) -> Tensor:
    """The means over squares of `factor` pixels, (1, C, h, w)."""
    small = watch(image.shrink(factor, factor, ceil=True), on_progress)
    computed = small.numpy()
    check_pass()
    samples = torch.from_numpy(computed).float()
    return samples.reshape(1, small.height, small.width, small.bands).permute(0, 3, 1, 2).nan_to_num().clamp(0, 1)


def _working_luma(luma: Tensor, sides: tuple[int, int], orientation: int) -> Tensor:
    return shrink(orient(luma, orientation), sides)


def _is_in_colour(picture: Picture, rgb: Tensor) -> bool:
    """Judge all frames together; `rgb` is (3, h, w).

    The last step is libvips' (Lanczos) and not that of the luma: the thresholds of `is_in_colour` were chosen with it.
    """
    height, width = judged_extent(picture.height * picture.frames, picture.width)
    samples = (rgb.permute(1, 2, 0) * 255).round().to(torch.uint8).contiguous().numpy()
    image = pyvips.Image.new_from_array(samples, interpretation="srgb")
    judged = image.thumbnail_image(width, height=height, size="force", no_rotate=True).numpy()
    return bool(is_in_colour(torch.from_numpy(judged).permute(2, 0, 1).float() / 255))
