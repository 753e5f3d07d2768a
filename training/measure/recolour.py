"""Photographs through the product's path: their colours are removed, and new ones chosen as for a photograph.

The service computes chroma at full size in strips; here torch computes that of a whole picture. Tests keep the two
within half a code value.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import ycbcr_to_rgb
from colorizer.photo.picture import MATRIX
from training.data.samples import grey_of


@torch.inference_mode()
def recolour(picture: NDArray[np.uint8], colorist: Colorist) -> Tensor:
    """Remove a photograph's colours and give it new ones.

    Args:
        picture: R'G'B', uint8, (H, W, 3).
        colorist: chooses the colours.

    Returns:
        R'G'B', float32, 0..1 in steps of 1/255, (3, H, W), on the CPU.

    """
    luma = remove_colour(picture)
    small = shrink(luma, colorist.extent(*luma.shape[-2:]))
    fit = colorist.fit(small, MATRIX, mirrored=True)
    rgb = apply_fit(luma.to(fit.slope.device), fit)[0]
    return (rgb * 255).round().clamp(0, 255).cpu() / 255


def apply_fit(luma: Tensor, fit: ChromaFit) -> Tensor:
    """R'G'B', float32, (N, 3, H, W), of a luma (N, 1, H, W) with the chroma of a fit."""
    chroma = fit_gamut(luma, luma, enlarge(fit, luma), MATRIX)
    return ycbcr_to_rgb(torch.cat((luma, chroma), dim=1), MATRIX)


def remove_colour(picture: NDArray[np.uint8]) -> Tensor:
    """The luma of a photograph (H, W, 3) as an 8-bit grey file holds it: float32, 0..1, (1, 1, H, W)."""
    return torch.from_numpy(np.round(grey_of(picture) * 255) / 255)[None, None].float()


def to_tensor(picture: NDArray[np.uint8]) -> Tensor:
    """R'G'B' (H, W, 3), uint8, as float32 in 0..1, (3, H, W)."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255
