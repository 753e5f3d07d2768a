"""Tests of colorizer/photo/blocks/jpeg.py."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from colorizer.photo.blocks import xmp
from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.jpeg import read_jpeg, write_jpeg
from tests.assets.metadata import exif, packet, small_jpeg


def segment(marker: int, content: bytes) -> bytes:
    """One segment."""
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def written(folder: Path, blocks: Blocks) -> Path:
    """A JPEG with blocks."""
    (folder / "encoded").write_bytes(small_jpeg())
    assert write_jpeg(folder / "encoded", blocks, folder / "a.jpg") == ()
    return folder / "a.jpg"


def test_blocks_survive(tmp_path: Path) -> None:
    """Written and read again they are the same, and Pillow reads them too."""
    own = ((b"\xe0", b"JFIF\x00\x01\x02\x01\x02\x58\x02\x58\x00\x00"), (b"\xec", b"Ducky"), (b"\xe7", b"notes"))
    blocks = Blocks(exif(), packet(), b"8BIM" + bytes(8), (b"one", b"two"), own=own)
    path = written(tmp_path, blocks)
    assert read_jpeg(path) == blocks
    with Image.open(path) as image:
        assert image.info["exif"] == b"Exif\x00\x00" + exif()
        assert image.info["dpi"] == (600, 600)


@pytest.mark.parametrize("length", [65_000, 200_000])
def test_a_large_packet_is_divided(tmp_path: Path, length: int) -> None:
    """As the standard says, because a segment holds 64 KiB; no value is lost."""
    long, short = "x" * length, "".join(f"<dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'>{'y' * 9}</dc:title>")
    read = read_jpeg(written(tmp_path, Blocks(xmp=packet(long, short)))).xmp
    assert read is not None
    found = {name.partition("}")[2]: value for name, value in xmp.properties(xmp.parse(read))}
    assert (found["li"], found["title"], found["ColorMode"]) == (long, "y" * 9, "1")


def test_resources_that_are_larger_than_a_segment_are_divided(tmp_path: Path) -> None:
    """And joined again by their readers."""
    resources = b"8BIM\x07\xd0\x00\x00" + (150_000).to_bytes(4, "big") + b"z" * 150_000
    assert read_jpeg(written(tmp_path, Blocks(photoshop=resources))).photoshop == resources


def test_without_a_resolution_there_is_none(tmp_path: Path) -> None:
    """It is not 72."""
    with Image.open(written(tmp_path, Blocks())) as image:
        assert image.info["jfif_unit"] == 0
    with Image.open(written(tmp_path, Blocks(resolution=(300.0, 300.0)))) as image:
        assert image.info["dpi"] == (300, 300)


def test_claims_about_other_pictures_are_not_carried(tmp_path: Path) -> None:
    """Neither the list of a Multi-Picture file nor a signature of the original."""
    content = small_jpeg()
    path = tmp_path / "a.jpg"
    signed = (
        segment(0xEB, b"JP" + bytes(30)) + segment(0xE2, b"MPF\x00" + bytes(20)) + segment(0xEE, b"Adobe" + bytes(7))
    )
    path.write_bytes(content[:2] + signed + content[2:])
    read = read_jpeg(path)
    assert [kind for kind, _ in read.own] == [b"\xe0"]
    assert read.notes == ("left out: Content Credentials (C2PA), whose signature is valid for the original alone",)


@given(st.binary(max_size=200), st.integers(0, 600))
def test_damage_is_no_error_here(tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int) -> None:
    """The decoder of the picture says what is wrong."""
    path = tmp_path_factory.mktemp("damaged") / "a.jpg"
    content = small_jpeg()
    path.write_bytes(content[:2] + segment(0xE1, b"Exif\x00\x00" + exif()) + content[2:place] + noise)
    read_jpeg(path)
