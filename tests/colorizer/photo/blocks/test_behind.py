"""Tests of colorizer/photo/blocks/behind.py: where a picture ends."""

from __future__ import annotations

import struct
from io import BytesIO

import pytest
from PIL import Image

from colorizer.photo.blocks.behind import end_of_gif, end_of_jp2
from colorizer.photo.tags import end_of
from tests.assets.pictures import grey


def encoded(kind: str, **options: object) -> bytes:
    """A picture in a format of Pillow's."""
    file = BytesIO()
    Image.fromarray(grey()).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("zeros", [0, 1, 5])
def test_zeros_between_the_blocks_of_a_gif_are_skipped(zeros: int) -> None:
    """Viewers skip them too; the file was called cut off."""
    content = encoded("GIF").removesuffix(b";") + bytes(zeros) + b";"
    assert end_of_gif(BytesIO(content + b"behind")) == len(content)
    assert end_of_gif(BytesIO(content[:-9])) is None


def test_a_comment_in_a_part_of_a_tile_does_not_end_the_picture() -> None:
    """Lengths and comments may hold the bytes of the marker at the end."""
    content = encoded("JPEG2000", no_jp2=True, tile_size=(64, 64))
    assert end_of_jp2(BytesIO(content + b"behind")) == len(content)
    part = content.index(b"\xff\x90")
    comment = b"\xff\x64\0\x06\0\0\xff\xd9"
    length = struct.pack(">I", int.from_bytes(content[part + 6 : part + 10], "big") + len(comment))
    longer = content[: part + 6] + length + content[part + 10 : part + 12] + comment + content[part + 12 :]
    with Image.open(BytesIO(longer)) as picture:
        picture.load()
    assert end_of_jp2(BytesIO(longer + b"behind")) == len(longer)
    assert end_of_jp2(BytesIO(longer[:-9])) is None


def test_a_tiff_may_list_no_directory_below_its_page() -> None:
    """Breaks: a tag of sub-directories without a value, which raised an error of Python's."""
    assert end_of([{330: {"datatype": 4, "count": 0, "datapos": 100, "ifds": []}}]) == 120


def test_the_end_of_strips_without_sizes_is_not_known() -> None:
    """Old programs left the sizes out; the samples of such a picture were said to lie behind it."""
    assert end_of([{273: {"datatype": 4, "count": 1, "datapos": 100, "data": [200]}}]) is None
