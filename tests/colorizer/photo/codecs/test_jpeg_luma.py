"""Tests of colorizer/photo/codecs/jpeg_luma.py."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from colorizer.errors import MediaError
from colorizer.photo.codecs import jpeg_strips
from colorizer.photo.codecs.jpeg_luma import read_reduced_luma
from colorizer.photo.codecs.jpeg_strips import write_jpeg_strips
from colorizer.photo.picture import ColouredStrips, Strip


def write_jpeg(path: Path, height: int, width: int, strip_bytes: int = 3000) -> None:
    """A JPEG of strips, of noise on a gradient."""
    gradient = np.linspace(0, 200, height * width).reshape(height, width, 1)
    samples = (gradient + np.random.default_rng(0).integers(0, 55, (height, width, 3))).astype(np.uint8)

    def strips(lines: int) -> Iterator[Strip]:
        for first in range(0, height, lines):
            yield partial(samples.__getitem__, slice(first, first + lines))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg_strips, "STRIP_BYTES", strip_bytes)
        write_jpeg_strips(ColouredStrips(width, height, "uchar", (72, 72), strips, strips), path, 90)


def luma_by_pillow(path: Path, side: int) -> NDArray[np.uint8]:
    """The luma that another reader finds, which decodes the file at once."""
    with Image.open(path) as image:
        image.draft("L", (side, side))
        return np.array(image.convert("L"))


@given(st.integers(1, 400), st.integers(1, 70), st.integers(1, 40), st.integers(1, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_groups_of_intervals_are_decoded_as_one_picture(
    tmp_path: Path, height: int, width: int, side: int, threads: int
) -> None:
    """Bit for bit as at once, at any size and reduction, with any number of threads."""
    path, before = tmp_path / "a.jpg", torch.get_num_threads()
    write_jpeg(path, height, width)
    torch.set_num_threads(threads)
    try:
        luma = read_reduced_luma(path, side)
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(luma, luma_by_pillow(path, side))


def test_a_jpeg_without_intervals_is_read(tmp_path: Path) -> None:
    """What libvips writes; the orientation in its metadata is not applied."""
    path, exif = tmp_path / "a.jpg", Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((90, 40)).convert("RGB").save(path, exif=exif, subsampling="4:4:4")
    assert np.array_equal(read_reduced_luma(path, 20), luma_by_pillow(path, 20))


def test_chroma_that_is_clipped_changes_no_luma(tmp_path: Path) -> None:
    """Quantization makes it in dark and bright places, and a decoder to R'G'B' clips it."""
    Image.new("YCbCr", (64, 64), (40, 20, 250)).save(tmp_path / "a.jpg", quality=95)
    luma = read_reduced_luma(tmp_path / "a.jpg", 16)
    assert luma.shape == (16, 16)
    assert np.abs(luma.astype(int) - 40).max() < 3


@given(st.floats(0, 0.999))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_file_that_is_cut_off_is_told(tmp_path: Path, share: float) -> None:
    """Wherever it is: in the header, between two intervals, before the last marker."""
    write_jpeg(tmp_path / "a.jpg", 200, 60)
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(content[: int(share * len(content))])
    with pytest.raises(MediaError):
        read_reduced_luma(tmp_path / "cut.jpg", 25)


def test_an_interval_that_is_missing_is_told(tmp_path: Path) -> None:
    """The rest would be a picture of other lines."""
    write_jpeg(tmp_path / "a.jpg", 200, 60)
    content = (tmp_path / "a.jpg").read_bytes()
    start, stop = content.index(b"\xff\xd1"), content.index(b"\xff\xd2")
    (tmp_path / "a.jpg").write_bytes(content[:start] + content[stop:])
    with pytest.raises(MediaError, match="a part of it is missing"):
        read_reduced_luma(tmp_path / "a.jpg", 25)
