"""Tests of colorizer/photo/strips.py: photographs in strips get the colours that frames of films get."""

import numpy as np
import pytest
import pyvips
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.model.lab import ycbcr_to_rgb
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.picture import MATRIX, Picture
from colorizer.photo.strips import colour_frame, colour_picture, coloured_strips
from tests.assets.pictures import grey

HALF_A_CODE_VALUE = 0.5 / 255


JFIF = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""Y'CbCr of R'G'B' (JFIF 1.02)."""


def picture_of(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> Picture:
    """A picture of samples (H, W) or (H, W, bands)."""
    image = pyvips.Image.new_from_array(samples)
    white = float(np.iinfo(samples.dtype).max)
    sample = "uchar" if samples.dtype == np.uint8 else "ushort"
    return Picture(lambda: image, image.width, image.height, white, sample, 8)


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


@given(
    st.tuples(*[st.integers(1, 80)] * 2),
    st.tuples(*[st.integers(1, 9)] * 2),
    st.sampled_from([(np.uint8, 1), (np.uint8, 3), (np.uint16, 1), (np.uint16, 3)]),
    st.floats(0, 0.5),
    st.integers(0, 99),
)
def test_ycbcr_is_the_picture_that_other_formats_get(
    size: tuple[int, int],
    small: tuple[int, int],
    kind: tuple[type[np.uint8] | type[np.uint16], int],
    strength: float,
    seed: int,
) -> None:
    """Within one code value of Y', Cb and Cr, of originals of all depths; Y' of a grey original is its own samples."""
    depth, bands = kind
    samples = np.random.default_rng(seed).integers(0, np.iinfo(depth).max, (*size, bands), depth, endpoint=True)
    generator = torch.Generator().manual_seed(seed)
    fit = ChromaFit(*(strength * torch.randn(1, 2, *small, generator=generator) for _ in range(2)))
    picture = picture_of(samples)
    ycbcr = np.concatenate([strip() for strip in coloured_strips(picture, fit, "uchar", 255, lambda: None).ycbcr(64)])
    rgb = colour_picture(picture, [fit], "uchar", 255).numpy().reshape(*size, 3)
    assert np.abs(ycbcr - rgb @ JFIF.T - [0, 128, 128]).max() <= 1 + 1e-3
    if kind == (np.uint8, 1):
        assert np.array_equal(ycbcr[:, :, 0], samples[:, :, 0])


@given(
    st.tuples(*[st.integers(1, 80)] * 2),
    st.tuples(*[st.integers(1, 9)] * 2),
    st.sampled_from([(np.uint8, 1), (np.uint8, 3), (np.uint16, 1), (np.uint16, 3)]),
    st.floats(0, 0.5),
    st.sampled_from(["uchar", "ushort"]),
)
def test_rgb_in_strips_is_the_picture_that_libvips_computes(
    size: tuple[int, int],
    small: tuple[int, int],
    kind: tuple[type[np.uint8] | type[np.uint16], int],
    strength: float,
    sample: Sample,
) -> None:
    """To one code value of 8 bits, and to four of 16: both compute in single precision, in another order."""
    depth, bands = kind
    samples = np.random.default_rng(0).integers(0, np.iinfo(depth).max, (*size, bands), depth, endpoint=True)
    generator = torch.Generator().manual_seed(0)
    fit = ChromaFit(*(strength * torch.randn(1, 2, *small, generator=generator) for _ in range(2)))
    white = 255 if sample == "uchar" else 65535
    strips = coloured_strips(picture_of(samples), fit, sample, white, lambda: None).rgb(16)
    whole = colour_picture(picture_of(samples), [fit], sample, white).numpy().reshape(*size, 3)
    rgb = np.concatenate([strip() for strip in strips])
    assert rgb.dtype == whole.dtype
    assert np.abs(rgb.astype(int) - whole).max() <= (1 if sample == "uchar" else 4)


def test_strips_are_read_from_a_profile_too() -> None:
    """Whose samples are converted to sRGB first."""
    image = pyvips.Image.new_from_array(np.repeat(grey()[:, :, None], 3, 2), interpretation="srgb")
    linear = image.icc_transform("p3", input_profile="srgb")
    picture = Picture(lambda: linear, image.width, image.height, 255, "uchar", 8)
    nothing = ChromaFit(torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1))
    ycbcr = np.concatenate(
        [strip() for strip in coloured_strips(picture, nothing, "uchar", 255, lambda: None).ycbcr(64)]
    )
    assert np.abs(ycbcr[:, :, 0].astype(int) - grey()).max() <= 1
    assert (ycbcr[:, :, 1:] == 128).all()
