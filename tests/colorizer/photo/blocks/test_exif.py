"""Tests of colorizer/photo/blocks/exif.py."""

import io

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from colorizer.photo.blocks.blocks import Truth
from colorizer.photo.blocks.exif import has_thumbnail, true_of_copy
from tests.assets.metadata import NOTES, NOTES_PLACE, exif, small_jpeg


def read(block: bytes) -> Image.Exif:
    """As Pillow reads it."""
    found = Image.Exif()
    found.load(b"Exif\x00\x00" + block)
    return found


def in_a_jpeg(block: bytes) -> bytes:
    """A JPEG with this EXIF."""
    content = small_jpeg()
    return content[:2] + b"\xff\xe1" + (len(block) + 8).to_bytes(2, "big") + b"Exif\x00\x00" + block + content[2:]


@pytest.mark.parametrize("order", ["<", ">"])
def test_maker_notes_keep_their_place(order: str) -> None:
    """They hold offsets that only their camera knows."""
    copy = true_of_copy(exif(small_jpeg(), order), Truth())
    assert copy[NOTES_PLACE : NOTES_PLACE + len(NOTES)] == NOTES
    assert read(copy).get_ifd(34665)[37500].startswith(NOTES)


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_colouring_made_untrue_is_changed(order: str) -> None:
    """Every other tag keeps its value, one that nobody knows too."""
    copy = read(true_of_copy(exif(order=order), Truth()))
    assert (copy[262], copy[277], copy[274], copy[0x8888]) == (2, 3, 6, 77)
    assert not {258, 318} & set(copy)
    assert copy.get_ifd(34665)[40961] == 1


def test_an_orientation_that_was_applied_is_told_no_more() -> None:
    """With the sides that the picture has now."""
    copy = read(true_of_copy(exif(), Truth(was_turned=True, size=(96, 128))))
    inner = copy.get_ifd(34665)
    assert (copy[274], inner[40962], inner[40963]) == (1, 96, 128)
    assert read(true_of_copy(exif(), Truth(is_srgb=False))).get_ifd(34665)[40961] == 65535


def test_a_thumbnail_is_replaced_or_left_out() -> None:
    """Its bytes go too, as they are grey."""
    grey, coloured = small_jpeg(64), small_jpeg(40)
    block = exif(grey)
    assert has_thumbnail(block)
    replaced = true_of_copy(block, Truth(thumbnail=coloured))
    shown = pyvips.Image.jpegload_buffer(in_a_jpeg(replaced)).get("jpeg-thumbnail-data")
    assert Image.open(io.BytesIO(shown)).size == (40, 40)
    without = true_of_copy(block, Truth())
    assert not has_thumbnail(without)
    assert grey not in without
    assert grey not in replaced


@pytest.mark.parametrize(("behind", "stays"), [(b"", True), (b"\x00", True), (b"\x00" * 8, False), (b"\x01", False)])
def test_a_larger_thumbnail_needs_the_end_of_the_block(behind: bytes, *, stays: bool) -> None:
    """Bytes that fill the block up to an even length are no obstacle; values behind the thumbnail do not move."""
    copy = true_of_copy(exif(small_jpeg(40)) + behind, Truth(thumbnail=small_jpeg(64)))
    assert has_thumbnail(copy) is stays
    if stays:
        shown = pyvips.Image.jpegload_buffer(in_a_jpeg(copy)).get("jpeg-thumbnail-data")
        assert Image.open(io.BytesIO(shown)).size == (64, 64)


@given(st.data())
def test_a_damaged_block_ends_with_one_error(data: st.DataObject) -> None:
    """Whatever is wrong with it."""
    block = bytearray(exif(small_jpeg()))
    for _ in range(data.draw(st.integers(1, 6))):
        block[data.draw(st.integers(0, NOTES_PLACE - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(block[: data.draw(st.integers(0, len(block)))])
    has_thumbnail(damaged)
    try:
        true_of_copy(damaged, Truth(thumbnail=small_jpeg()))
    except ValueError as error:
        assert str(error)  # noqa: PT017 (either is right)
