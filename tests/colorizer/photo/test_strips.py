"""Tests of colorizer/photo/strips.py: photographs in strips get the colours that frames of films get."""

import numpy as np
import pytest
import pyvips
import torch
from torch import Tensor

from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.model.lab import ycbcr_to_rgb
from colorizer.photo.picture import MATRIX
from colorizer.photo.strips import colour_frame
from tests.assets.pictures import grey

HALF_A_CODE_VALUE = 0.5 / 255


def in_strips(luma: Tensor, fit: ChromaFit) -> Tensor:
    """R'G'B' (3, H, W) by libvips, as photographs get it."""
    image = pyvips.Image.new_from_array(luma[0, 0].numpy())
    return torch.from_numpy(colour_frame(image, fit).numpy()).permute(2, 0, 1)


def as_a_frame(luma: Tensor, fit: ChromaFit) -> Tensor:
    """R'G'B' (3, H, W) by torch, as frames of films and the evaluation get it."""
    chroma = fit_gamut(luma, luma, enlarge(fit, luma), MATRIX)
    return ycbcr_to_rgb(torch.cat((luma, chroma), dim=1), MATRIX)[0]


@pytest.mark.parametrize("small", [(1, 1), (17, 23), (48, 64), (60, 80)])
@pytest.mark.parametrize("size", [(96, 128), (97, 131), (300, 40), (60, 80)])
def test_strips_and_frames_are_enlarged_alike(size: tuple[int, int], small: tuple[int, int]) -> None:
    """Within half a code value at every pixel, for colours inside the gamut and far outside it."""
    generator = torch.Generator().manual_seed(3)
    luma = torch.from_numpy(grey(*size).astype(np.float32) / 255)[None, None]
    for strength in (0.05, 0.5):
        slope, offset = (strength * torch.randn(1, 2, *small, generator=generator) for _ in range(2))
        fit = ChromaFit(slope, offset)
        difference = (in_strips(luma, fit) - as_a_frame(luma, fit)).abs().max()
        assert difference <= HALF_A_CODE_VALUE


def test_colour_far_outside_the_gamut_keeps_the_luma() -> None:
    """Its R'G'B' stay in 0..1, and its luma is the original's."""
    luma = torch.from_numpy(grey().astype(np.float32) / 255)[None, None]
    fit = ChromaFit(torch.zeros(1, 2, 3, 4), torch.full((1, 2, 3, 4), 2.0))
    rgb = in_strips(luma, fit)
    assert -1e-6 <= float(rgb.min()) <= float(rgb.max()) <= 1 + 1e-6
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    assert float(((rgb * weights).sum(0) - luma[0, 0]).abs().max()) < 1e-5
