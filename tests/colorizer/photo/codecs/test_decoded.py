"""Tests of colorizer/photo/codecs/decoded.py."""

import pytest
import pyvips

from colorizer.photo.codecs.decoded import with_metadata


@pytest.mark.parametrize("dpi", [(float("nan"), 72), (1e30, 1e30), (float("inf"), 1), (0, 0), (-1, 72)])
def test_an_absurd_resolution_is_left_out(dpi: tuple[float, float], capfd: pytest.CaptureFixture[str]) -> None:
    """And GLib prints no message about it: stderr belongs to the service."""
    image = with_metadata(pyvips.Image.black(2, 2), {"dpi": dpi})
    assert (image.xres, image.yres) == (1, 1)
    assert capfd.readouterr().err == ""


def test_a_resolution_is_kept() -> None:
    """In pixels a millimetre, as libvips has it."""
    image = with_metadata(pyvips.Image.black(2, 2), {"dpi": (254, 127)})
    assert (image.xres, image.yres) == (10, 5)
