"""Tests of colorizer/film/flow.py: motion between frames."""

from dataclasses import astuple

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from colorizer.film.flow import carry, carry_planes, interleave, join, likeness, motion_between, prepare

PICTURE: NDArray[np.float32] = cv2.GaussianBlur(skimage.data.camera().astype(np.float32) / 255, (0, 0), 1.5)


def luma(down: int, right: int) -> NDArray[np.uint8]:
    """A view of a photograph; its things move up and to the left as the numbers grow."""
    return prepare(PICTURE[100 + down : 244 + down, 120 + right : 376 + right])


def test_motion_is_found() -> None:
    """A pan of 3 rows and 5 columns, in the part of the picture that both frames show."""
    to, back = motion_between(luma(0, 0), luma(3, 5))
    rows, columns = np.mgrid[:144, :256]
    inside = (slice(20, -20), slice(20, -20))
    assert np.median((to.column - columns)[inside]) == pytest.approx(-5, abs=0.3)
    assert np.median((to.row - rows)[inside]) == pytest.approx(-3, abs=0.3)
    assert to.trust[inside].mean() > 0.8
    assert np.median((back.column - columns)[inside]) == pytest.approx(5, abs=0.3)
    assert np.median((back.row - rows)[inside]) == pytest.approx(3, abs=0.3)


def test_motion_of_two_steps_is_that_of_both() -> None:
    """What is carried over two steps lies where it lies."""
    first, second = motion_between(luma(0, 0), luma(2, 3))[0], motion_between(luma(2, 3), luma(4, 6))[0]
    carried = carry(luma(4, 6).astype(np.float32), join(first, second))
    assert np.abs(carried - luma(0, 0))[20:-20, 20:-20].mean() < 4


def test_what_is_not_in_the_other_frame_is_not_trusted() -> None:
    """Noise has no motion; what left the picture is nowhere."""
    noise = np.random.default_rng(1).integers(0, 256, (2, 144, 256), np.uint8)
    assert motion_between(noise[0], noise[1])[0].trust.mean() < 0.4
    assert motion_between(luma(0, 0), luma(0, 40))[0].trust[:, :25].mean() < 0.4


def test_exposure_is_no_difference() -> None:
    """A frame that is darker, with less contrast, is alike; another picture is not."""
    bright, still = luma(0, 0), motion_between(luma(0, 0), luma(0, 0))[0]
    dark = (bright * 0.7).astype(np.uint8)
    assert likeness(bright, carry(dark, still)).min() > 0.9
    assert likeness(bright, carry(luma(100, 100), still)).mean() < 0.7


def test_planes_are_carried_together_as_each_alone() -> None:
    """Those between two and four: each within a hundredth of a level of what it is when carried alone."""
    motion = motion_between(luma(0, 0), luma(3, 5))[0]
    planes = [luma(down, 2).astype(np.float32) for down in range(4)]
    for count in (2, 3, 4):
        together = carry_planes(interleave(*planes[:count]), motion, count)
        for plane, found in zip(planes, together, strict=False):
            assert np.abs(carry(plane, motion) - found).max() < 0.01


def test_the_same_frames_have_the_same_motion() -> None:
    """Bit for bit, wherever they are in memory, and whatever number of threads OpenCV would like."""
    assert cv2.getNumThreads() == 1
    first = motion_between(luma(0, 0), luma(3, 5))[0]
    for shift in (4, 8, 20, 36):
        again = motion_between(elsewhere(luma(0, 0), shift), elsewhere(luma(3, 5), shift))[0]
        for one, other in zip(astuple(again), astuple(first), strict=True):
            assert np.array_equal(one, other)


def elsewhere(samples: NDArray[np.uint8], shift: int) -> NDArray[np.uint8]:
    """The same at another address."""
    copy = np.empty(samples.size + shift, np.uint8)[shift:].reshape(samples.shape)
    copy[...] = samples
    return copy


@pytest.mark.parametrize("size", [(1, 1), (9, 300), (31, 31), (32, 32), (33, 64)])
def test_pictures_of_any_size_have_motion(size: tuple[int, int]) -> None:
    """Those that are too small for the search stand still."""
    one = np.zeros(size, np.uint8)
    motion = motion_between(one, one)[0]
    assert motion.column.shape == motion.row.shape == motion.trust.shape == size
