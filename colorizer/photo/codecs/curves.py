"""The curve by which samples mean light: another one than that of sRGB is replaced by it."""

from __future__ import annotations

import numpy as np
import pyvips

from colorizer.photo.picture import split_alpha


def with_srgb_curve(image: pyvips.Image, gamma: float) -> pyvips.Image:
    """Give samples the curve of sRGB.

    Args:
        image: samples of 8 or 16 bits, each the light to the power of `gamma`.
        gamma: the exponent; 1 where samples are in proportion to light.

    """
    colour, alpha = split_alpha(image)
    deepest = 65535 if image.format == "ushort" else 255
    light = np.linspace(0, 1, deepest + 1) ** (1 / gamma)
    # IEC 61966-2-1, 5.2.
    shown = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table = np.round(shown * deepest).astype(np.uint16 if deepest > 255 else np.uint8)
    curved = colour.maplut(pyvips.Image.new_from_array(table.reshape(1, -1)))
    curved = curved.copy(interpretation=image.interpretation)
    return curved if alpha is None else curved.bandjoin(alpha)
