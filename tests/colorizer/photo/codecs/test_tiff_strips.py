"""Tests of colorizer/photo/codecs/tiff_strips.py, and of the threads in strip_pool.py."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from colorizer.photo.codecs import tiff_strips
from colorizer.photo.codecs.tiff_strips import write_tiff_strips
from colorizer.photo.formats.photo_format import Sample
from colorizer.photo.picture import ColouredStrips, Strip


def picture_of(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> ColouredStrips:
    """A picture of these samples, (H, W, 3)."""

    def strips(lines: int) -> Iterator[Strip]:
        for first in range(0, len(samples), lines):
            yield partial(samples.__getitem__, slice(first, first + lines))

    sample: Sample = "uchar" if samples.dtype == np.uint8 else "ushort"
    return ColouredStrips(samples.shape[1], samples.shape[0], sample, (300, 150), strips, strips)


@given(st.tuples(*[st.integers(1, 300)] * 2), st.sampled_from([np.uint8, np.uint16]), st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_a_tiff_has_the_samples_that_were_given(
    tmp_path: Path, size: tuple[int, int], depth: type[np.uint8] | type[np.uint16], threads: int
) -> None:
    """Bit for bit, as libvips and tifffile read them, at any size and depth, with any number of threads."""
    samples = np.random.default_rng(0).integers(0, np.iinfo(depth).max, (*size, 3), depth, endpoint=True)
    path, before = tmp_path / "a.tif", torch.get_num_threads()
    torch.set_num_threads(threads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiff_strips, "STRIP_BYTES", 20_000)  # several strips
        write_tiff_strips(picture_of(samples), path)
    torch.set_num_threads(before)
    assert np.array_equal(tifffile.imread(path).reshape(samples.shape), samples)
    assert np.array_equal(pyvips.Image.new_from_file(str(path)).numpy().reshape(samples.shape), samples)


def test_it_is_in_srgb_at_the_resolution_of_its_original(tmp_path: Path) -> None:
    """As libvips writes other results."""
    write_tiff_strips(picture_of(np.zeros((5, 7, 3), np.uint8)), tmp_path / "a.tif")
    image = pyvips.Image.new_from_file(str(tmp_path / "a.tif"))
    assert image.get("icc-profile-data") == pyvips.Operation.call("profile_load", "srgb")
    assert [round(one * 25.4, 3) for one in (image.xres, image.yres)] == [300, 150]
