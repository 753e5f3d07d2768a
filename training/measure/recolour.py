"""Photographs through the product's own path: printed in grey, coloured as the service colours a photo."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.chroma import enlarge, fit_gamut
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import ycbcr_to_rgb
from colorizer.photo.picture import MATRIX
from training.data.samples import grey_of


@torch.inference_mode()
def recolour(picture: NDArray[np.uint8], colorist: Colorist) -> Tensor:
    """Take a photograph's colours away and give it new ones.

    Args:
        picture: R'G'B', uint8, (H, W, 3).
        colorist: chooses the colours.

    Returns:
        R'G'B', float, in steps of 1/255, (3, H, W).

    """
    luma = print_in_grey(picture)
    small = shrink(luma, colorist.extent(*luma.shape[-2:]))
    fit = colorist.fit(small, MATRIX, mirrored=True)
    luma = luma.to(fit.slope.device)
    chroma = fit_gamut(luma, luma, enlarge(fit, luma), MATRIX)
    rgb = ycbcr_to_rgb(torch.cat((luma, chroma), dim=1), MATRIX)[0]
    return (rgb * 255).round().clamp(0, 255).cpu() / 255


def print_in_grey(picture: NDArray[np.uint8]) -> Tensor:
    """The luma of a photograph (H, W, 3) as an 8-bit grey file holds it, float in 0..1, (1, 1, H, W)."""
    return torch.from_numpy(np.round(grey_of(picture) * 255) / 255)[None, None].float()


def to_tensor(picture: NDArray[np.uint8]) -> Tensor:
    """R'G'B' (H, W, 3) as float in 0..1, (3, H, W)."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
