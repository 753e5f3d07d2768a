"""Tests of colorizer/photo/full_chroma.py."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.model.chroma import ChromaFit, enlarge, fit_gamut
from colorizer.model.lab import rgb_minus_luma
from colorizer.photo import full_chroma
from colorizer.photo.full_chroma import FullChroma, Plane, green_of
from colorizer.photo.picture import MATRIX

sides = st.integers(1, 60)
small_sides = st.integers(1, 20)


def random_fit(small: tuple[int, int], strength: float) -> ChromaFit:
    """A fit with colours inside the gamut, or far outside it."""
    generator = torch.Generator().manual_seed(3)
    slope, offset = (strength * torch.randn(1, 2, *small, generator=generator) for _ in range(2))
    return ChromaFit(slope, offset)


def strips(chroma: FullChroma, luma: Plane, lines: int) -> Plane:
    """R' - Y' and B' - Y' of a whole picture, computed so many lines at a time."""
    parts = [chroma.strip(luma[first : first + lines], first).copy() for first in range(0, len(luma), lines)]
    return np.concatenate(parts, axis=1)


@contextmanager
def in_steps_of(pixels: int) -> Iterator[None]:
    """Chroma is computed for about so many pixels at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(full_chroma, "_AT_ONCE", pixels)
        yield


@given(
    st.tuples(sides, sides),
    st.tuples(small_sides, small_sides),
    st.floats(0, 1),
    st.sampled_from([1.0, 255.0, 65535.0]),
    st.integers(0, 9),
    st.sampled_from([1, 200, 10_000]),
)
def test_chroma_is_that_of_the_model(  # noqa: PLR0917
    size: tuple[int, int], small: tuple[int, int], strength: float, white: float, seed: int, pixels: int
) -> None:
    """At any size, strength and depth of samples, within a hundredth of a code value of 8 bits."""
    luma = torch.rand(1, 1, *size, generator=torch.Generator().manual_seed(seed))
    fit = random_fit(small, strength)
    expected = rgb_minus_luma(fit_gamut(luma, luma, enlarge(fit, luma), MATRIX)[0], MATRIX).numpy()
    with in_steps_of(pixels):
        chroma = FullChroma(fit, *size, white)
    red, blue = strips(chroma, luma[0, 0].numpy() * np.float32(white), chroma.lines) / white
    assert np.abs(np.stack((red, green_of(red, blue), blue)) - expected).max() <= 0.01 / 255


@given(st.tuples(sides, sides), st.tuples(small_sides, small_sides), st.integers(1, 60))
def test_strips_do_not_depend_on_where_they_begin(size: tuple[int, int], small: tuple[int, int], lines: int) -> None:
    """Within a ten thousandth of a code value of 8 bits: the order of sums depends on the number of lines."""
    luma = np.random.default_rng(0).uniform(0, 255, size).astype(np.float32)
    with in_steps_of(size[0] * size[1]):
        chroma = FullChroma(random_fit(small, 0.2), *size, 255)
    assert np.abs(strips(chroma, luma, lines) - chroma.strip(luma, 0)).max() <= 1e-4
