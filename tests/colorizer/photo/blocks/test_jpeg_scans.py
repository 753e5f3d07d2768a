"""Tests of colorizer/photo/blocks/jpeg_scans.py: a progressive picture that lacks its last scans."""

from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from colorizer.photo.blocks.jpeg_scans import lacks_scans
from colorizer.photo.blocks.jpeg_segments import read_header
from tests.assets.pictures import grey

SCAN = b"\xff\xda"


def encoded(mode: str, *, progressive: bool) -> bytes:
    """A picture as JPEG."""
    file = BytesIO()
    Image.fromarray(grey()).convert(mode).save(file, "JPEG", progressive=progressive)
    return file.getvalue()


def is_coarse(content: bytes) -> bool:
    """Whether scans are missing."""
    file = BytesIO(content)
    return lacks_scans(file, read_header(file))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_scans_that_are_missing_are_noticed(mode: str) -> None:
    """A download that broke off, and got a marker at its end, decodes without a warning."""
    whole = encoded(mode, progressive=True)
    assert not is_coarse(whole)
    places = [place for place in range(len(whole)) if whole.startswith(SCAN, place)]
    assert len(places) > 2
    assert all(is_coarse(whole[:place] + b"\xff\xd9") for place in places[1:])


def test_a_picture_of_one_scan_lacks_none() -> None:
    """Baseline pictures have no further scans, wherever they end."""
    whole = encoded("L", progressive=False)
    assert not is_coarse(whole)
    assert not is_coarse(whole[:-100] + b"\xff\xd9")
