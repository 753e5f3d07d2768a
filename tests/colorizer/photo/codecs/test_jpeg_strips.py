"""Tests of colorizer/photo/codecs/jpeg_strips.py."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import pyvips
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from colorizer.photo.codecs import jpeg_strips
from colorizer.photo.codecs.jpeg_strips import write_jpeg_strips
from colorizer.photo.picture import ColouredStrips, Strip


def picture_of(samples: NDArray[np.uint8]) -> ColouredStrips:
    """A picture of these samples, (H, W, 3)."""

    def strips(lines: int) -> Iterator[Strip]:
        for first in range(0, len(samples), lines):
            yield partial(samples.__getitem__, slice(first, first + lines))

    return ColouredStrips(samples.shape[1], samples.shape[0], "uchar", (72, 72), strips, strips)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    """Samples that all differ, on a gradient."""
    gradient = np.linspace(0, 200, height * width).reshape(height, width, 1)
    return (gradient + np.random.default_rng(0).integers(0, 55, (height, width, 3))).astype(np.uint8)


@given(st.integers(1, 300), st.integers(1, 70), st.integers(1, 100), st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_strips_are_decoded_as_one_picture(tmp_path: Path, height: int, width: int, quality: int, threads: int) -> None:
    """Bit for bit the picture that libjpeg encodes at once, at any size and quality, with any number of threads."""
    samples, path, before = noise(height, width), tmp_path / "a.jpg", torch.get_num_threads()
    torch.set_num_threads(threads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_strips, "STRIP_BYTES", 3000)  # several strips
        write_jpeg_strips(picture_of(samples), path, quality)
    torch.set_num_threads(before)
    whole = imagecodecs.jpeg8_encode(
        samples, level=quality, colorspace="YCBCR", outcolorspace="YCBCR", subsampling="444"
    )
    decoded, expected = (np.asarray(Image.open(one)) for one in (path, io.BytesIO(whole)))
    assert np.array_equal(decoded, expected)


def test_other_decoders_read_it_without_a_warning(tmp_path: Path) -> None:
    """libvips, told to fail at warnings; the picture has several strips."""
    write_jpeg_strips(picture_of(noise(900, 900)), tmp_path / "a.jpg", 90)
    image = pyvips.Image.new_from_file(str(tmp_path / "a.jpg"), fail_on="warning")
    assert (image.width, image.height, image.get("jpeg-chroma-subsample")) == (900, 900, "4:4:4")
    assert image.avg() > 0


def test_it_is_in_srgb(tmp_path: Path) -> None:
    """The profile is the one that other results have."""
    write_jpeg_strips(picture_of(noise(9, 9)), tmp_path / "a.jpg", 90)
    profile = pyvips.Image.new_from_file(str(tmp_path / "a.jpg")).get("icc-profile-data")
    assert profile == pyvips.Operation.call("profile_load", "srgb")


@pytest.mark.parametrize("width", [20_000, 65_500])
def test_a_wide_picture_has_short_strips(tmp_path: Path, width: int) -> None:
    """A restart interval has no more than 65535 blocks."""
    samples = noise(130, width)
    write_jpeg_strips(picture_of(samples), tmp_path / "a.jpg", 95)
    with Image.open(tmp_path / "a.jpg") as image:
        image.draft("L", image.size)
        assert np.abs(np.asarray(image, int) - samples[:, :, 0]).mean() < 4
