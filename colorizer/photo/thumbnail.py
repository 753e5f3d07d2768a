"""A small version of a photograph in sRGB, to judge its colours by."""

from __future__ import annotations

import pyvips
import torch
from torch import Tensor

from colorizer.model.tint_detection import judged_extent
from colorizer.photo.picture import CONVERTED


def thumbnail(image: pyvips.Image, white: float) -> Tensor | None:
    """Shrink a picture to the size at which it is judged.

    Args:
        image: in any colour space, with or without transparency; it is read once from the top.
        white: the sample that is white, unless the colour space says it.

    Returns:
        R'G'B', float 0..1, (3, h, w); None for a picture that has only grey.

    """
    if image.bands - image.hasalpha() < 3:
        return None
    height, width = judged_extent(image.height, image.width)
    if image.interpretation not in CONVERTED and (image.format, white) != ("uchar", 255):
        image = (image * (255 / white)).cast("uchar").copy(interpretation="srgb")
    small = image.thumbnail_image(width, height=height, size="force", no_rotate=True, export_profile="srgb")
    small = small.colourspace("srgb")
    opaque = small.flatten() if small.hasalpha() else small
    return torch.from_numpy(opaque.numpy()).permute(2, 0, 1).float() / 255
