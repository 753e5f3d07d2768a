"""Tests of colorizer/model/chroma.py."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from colorizer.model.chroma import chroma_of, enlarge, fit_chroma, fit_gamut, upsample
from colorizer.model.lab import Matrix, lightness_of_luma, luma_of_rgb, rgb_to_lab, ycbcr_to_rgb

unit = st.floats(0, 1, width=32)
reach = st.floats(-0.5, 0.5, width=32)


@given(unit, unit, reach, reach, st.sampled_from(Matrix))
def test_a_colour_outside_the_gamut_gives_up_chroma_not_luma(
    one: float, other: float, cb: float, cr: float, matrix: Matrix
) -> None:
    """R'G'B' stay in 0..1 at every luma that shares the chroma, and the hue stays."""
    darkest, brightest = (torch.tensor(luma).reshape(1, 1, 1, 1) for luma in sorted((one, other)))
    asked = torch.tensor([cb, cr]).reshape(1, 2, 1, 1)
    given_chroma = fit_gamut(darkest, brightest, asked, matrix)
    for luma in (darkest, brightest):
        rgb = ycbcr_to_rgb(torch.cat((luma, given_chroma), dim=1), matrix)
        assert rgb.min() > -1e-5
        assert rgb.max() < 1 + 1e-5
    assert (given_chroma[0, 0] * asked[0, 1] - given_chroma[0, 1] * asked[0, 0]).abs() < 1e-6


def test_the_colour_that_was_asked_for_is_given() -> None:
    """True colours of random pixels come back from their luma and ab."""
    rgb = torch.rand(1, 3, 60, 60, generator=torch.Generator().manual_seed(2))
    luma, lab = luma_of_rgb(rgb, Matrix.BT601), rgb_to_lab(rgb)
    chroma = chroma_of(luma, lab[:, 1:], Matrix.BT601)
    found = rgb_to_lab(ycbcr_to_rgb(torch.cat((luma, chroma), dim=1), Matrix.BT601))
    assert (found - lab)[:, 1:].norm(dim=1).median() < 2


def test_colour_does_not_bleed_over_a_hard_edge() -> None:
    """Behind a hard edge of luma, the colour of the other side is gone within two pixels of the working size.

    Bilinear enlargement of the same answer carries a quarter of it that far and farther.

    """
    scale, size = 8, 64
    edge = 30 * scale  # in the middle of a cell of the network's grid
    luma = torch.full((1, 1, size * scale, size * scale), 0.3)
    luma[..., edge:] = 0.7
    small = functional.interpolate(luma, size=(size, size), mode="area")
    truth = torch.zeros(1, 2, size, size)
    truth[:, 0, :, 30:] = 40.0
    answer = functional.avg_pool2d(truth, 4)
    chroma = chroma_of(small, upsample(answer, lightness_of_luma(small)), Matrix.BT601)
    sharp = enlarge(fit_chroma(small, chroma), luma)[0, 1, 100]
    blunt = functional.interpolate(
        chroma_of(small, functional.interpolate(answer, size=(size, size), mode="bilinear"), Matrix.BT601),
        size=luma.shape[-2:],
        mode="bilinear",
    )[0, 1, 100]
    full = float(sharp[-1])
    assert full > 0.1
    before = slice(edge - 4 * scale, edge - 2 * scale)
    assert sharp[before].abs().max() < 0.05 * full
    assert blunt[before].abs().max() > 0.2 * full
    assert sharp[edge + 2 * scale :].min() > 0.9 * full


def test_luma_explains_chroma_at_full_size() -> None:
    """If chroma is a linear function of luma, it is the same function at full size."""
    generator = torch.Generator().manual_seed(3)
    luma = functional.interpolate(torch.rand(1, 1, 12, 12, generator=generator), size=(96, 96), mode="bilinear")
    small = functional.interpolate(luma, size=(48, 48), mode="area")
    chroma = torch.cat((0.2 * small, -0.3 * small), dim=1)
    enlarged = enlarge(fit_chroma(small, chroma), luma)
    assert (enlarged - torch.cat((0.2 * luma, -0.3 * luma), dim=1))[..., 8:-8, 8:-8].abs().mean() < 0.004
