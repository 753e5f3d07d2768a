"""Tests of colorizer/model/orientation.py."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from colorizer.model.orientation import orient, orientation_of, turned, unorient


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_other_programs_show(orientation: int) -> None:
    """A stored picture is turned as Pillow turns it, and turned back exactly."""
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    exif = Image.Exif()
    exif[274] = orientation
    file = io.BytesIO()
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    turned = orient(torch.from_numpy(stored), orientation)
    assert np.array_equal(turned.numpy(), shown)
    assert np.array_equal(unorient(turned, orientation).numpy(), stored)


def test_an_orientation_that_does_not_exist_is_upright() -> None:
    """Cameras have written 0 and 9; the picture stays as it is."""
    stored = torch.arange(6).reshape(2, 3)
    assert torch.equal(orient(stored, 0), stored)
    assert torch.equal(unorient(stored, 9), stored)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_display_matrix_says_the_same(orientation: int) -> None:
    """The display matrix of an orientation moves each sample to the same position as the orientation."""
    to_right, to_bottom = orient(
        torch.tensor([[[0, 0, 0], [0, 0, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0], [0, 1, 0]]]), orientation
    )
    right, down = ((spot.nonzero()[0] - 1).tolist()[::-1] for spot in (to_right, to_bottom))
    matrix = [right[0] << 16, right[1] << 16, 0, down[0] << 16, down[1] << 16, 0, 0, 0, 1 << 30]
    assert orientation_of(matrix) == orientation


def test_a_film_that_is_turned_a_little_is_looked_at_as_it_lies() -> None:
    """Thirty-seven degrees are nearer to none than to ninety."""
    assert orientation_of((52339, 39441, 0, -39441, 52339, 0, 0, 0, 1 << 30)) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("turn", range(4))
def test_a_further_turn_is_undone_after_the_orientation(orientation: int, turn: int) -> None:
    """A film that is shown lying on its side is turned upright by one orientation."""
    picture = torch.arange(6.0).view(1, 1, 2, 3)
    expected = orient(picture, orientation).rot90(-turn, (-2, -1))
    assert torch.equal(orient(picture, turned(orientation, turn)), expected)
