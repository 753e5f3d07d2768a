"""Tests of colorizer/orientation.py."""

import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from colorizer.orientation import lay_back, upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_is_what_other_programs_show(orientation: int) -> None:
    """A stored picture is turned as Pillow turns it, and laid back as it was."""
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    exif = Image.Exif()
    exif[274] = orientation
    file = io.BytesIO()
    Image.fromarray(stored).save(file, "PNG", exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    turned = upright(torch.from_numpy(stored), orientation)
    assert np.array_equal(turned.numpy(), shown)
    assert np.array_equal(lay_back(turned, orientation).numpy(), stored)


def test_an_orientation_that_does_not_exist_is_upright() -> None:
    """Cameras have written 0 and 9; the picture stays as it is."""
    stored = torch.arange(6).reshape(2, 3)
    assert torch.equal(upright(stored, 0), stored)
    assert torch.equal(lay_back(stored, 9), stored)
