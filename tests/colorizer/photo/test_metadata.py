"""Tests of colorizer/photo/metadata.py."""

import copy
from typing import Any

import pyvips

from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.metadata import tags_for_tiff
from colorizer.photo.picture import Picture
from colorizer.photo.tags import COLOUR_SPACE, EXIF, ORIENTATION
from colorizer.settings import PhotoSettings


def picture(tags: dict[int, dict[str, Any]]) -> Picture:
    """A page with tags."""
    image = pyvips.Image.black(4, 4)
    return Picture(lambda: image, width=4, height=4, white=255, sample="uchar", bits=8, orientation=6, tags=tags)


def scanned() -> dict[int, dict[str, Any]]:
    """Tags of a page that was scanned in a space of its own."""
    exif = {"tags": {COLOUR_SPACE: {"datatype": 3, "data": [65535]}}, "size": 0}
    return {ORIENTATION: {"datatype": 3, "data": [3]}, EXIF: {"datatype": 4, "data": [0], "ifds": [[exif]]}}


def test_tags_of_a_result_are_true_of_it() -> None:
    """Its colour space is that of the settings, and its orientation the one that is left to apply."""
    tags = tags_for_tiff(picture(scanned()), Blocks(), PhotoSettings())
    assert tags[ORIENTATION]["data"] == [6]
    assert tags[EXIF]["ifds"][0][0]["tags"][COLOUR_SPACE]["data"] == [1]


def test_the_tags_of_the_original_are_not_changed() -> None:
    """Not those of the directory in them either: a picture is read for several results."""
    tags = scanned()
    before = copy.deepcopy(tags)
    tags_for_tiff(picture(tags), Blocks(), PhotoSettings())
    assert tags == before
