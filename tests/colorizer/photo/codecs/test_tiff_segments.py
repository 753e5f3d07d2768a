"""Tests of colorizer/photo/codecs/tiff_segments.py: damage of which libtiff only warns, or says nothing."""

from __future__ import annotations

import zlib
from contextlib import nullcontext
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from colorizer.errors import MediaError
from colorizer.photo.codecs.tiff_segments import check_segments
from colorizer.photo.tags import ROWS_PER_STRIP, STRIP_OFFSETS, STRIP_SIZES, read_directories
from tests.assets.pictures import grey

FAX = {2: "tiff_ccitt", 3: "group3", 4: "group4"}


def check(path: Path) -> None:
    """Check the only page of a file."""
    pyvips.vips_lib.vips_error_clear()
    check_segments(path, read_directories(path)[0])


def replace_strip(path: Path, strip: int, content: bytes) -> None:
    """Put other bytes into the place of a strip or tile, at most as many."""
    with tifffile.TiffFile(path) as file:
        place, size = file.pages.first.dataoffsets[strip], file.pages.first.databytecounts[strip]
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + content[:size].ljust(size, b"\0") + whole[place + size :])


def strip_of(path: Path, strip: int) -> bytes:
    """The bytes of a strip or tile."""
    with tifffile.TiffFile(path) as file:
        place, size = file.pages.first.dataoffsets[strip], file.pages.first.databytecounts[strip]
    return path.read_bytes()[place : place + size]


def write_strip(path: Path, strip: int, content: bytes) -> None:
    """Put other bytes behind all others, as a strip."""
    whole = path.read_bytes()
    path.write_bytes(whole + content)
    with tifffile.TiffFile(path, mode="r+") as file:
        for tag, value in ((STRIP_OFFSETS, len(whole)), (STRIP_SIZES, len(content))):
            values = list(file.pages.first.tags[tag].value)
            file.pages.first.tags[tag].overwrite([*values[:strip], value, *values[strip + 1 :]])


@pytest.mark.parametrize("compression", FAX)
def test_lines_of_a_fax_that_libtiff_fills_are_told(tmp_path: Path, compression: int) -> None:
    """It makes the rest of a line white, and warns; the file was "done" without a word."""
    path = tmp_path / "a.tif"
    Image.fromarray(grey() > 110).save(path, compression=FAX[compression])
    check(path)
    content = strip_of(path, 0)
    replace_strip(path, 0, content[: len(content) // 2])
    with pytest.raises((MediaError, pyvips.Error)):
        check(path)


def test_tiles_of_a_fax_are_checked(tmp_path: Path) -> None:
    """A warning about a tile reaches nobody."""
    path = tmp_path / "a.tif"
    picture = pyvips.Image.new_from_array(np.where(grey(128, 128) > 110, np.uint8(255), np.uint8(0)))
    picture.tiffsave(path, compression="ccittfax4", bitdepth=1, tile=True, tile_width=64, tile_height=64)
    check(path)
    replace_strip(path, 2, strip_of(path, 2)[:9])
    with pytest.raises((MediaError, pyvips.Error)):
        check(path)


@pytest.mark.parametrize("compression", ["group4", "tiff_lzw"])
def test_bits_may_lie_in_the_opposite_order(tmp_path: Path, compression: str) -> None:
    """Fax machines write the lowest bit of a byte first (FillOrder)."""
    path = tmp_path / "a.tif"
    picture = Image.fromarray(grey() > 110 if compression == "group4" else grey())
    picture.save(path, compression=compression, tiffinfo={266: 2})
    assert 266 in read_directories(path)[0]
    check(path)


@pytest.mark.parametrize("layout", [{"rowsperstrip": 32}, {"tile": (32, 64)}], ids=["strips", "tiles"])
@pytest.mark.parametrize("compression", ["lzw", "packbits"])
def test_a_strip_that_has_too_many_samples_is_told(tmp_path: Path, compression: str, layout: dict[str, int]) -> None:
    """Neither compression has a checksum, and libtiff leaves out what is too much: its lines are shifted."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(), compression=compression, photometric="minisblack", **layout)  # type: ignore[arg-type]
    check(path)
    encode = {"lzw": imagecodecs.lzw_encode, "packbits": imagecodecs.packbits_encode}[compression]
    size = 32 * (128 if "rowsperstrip" in layout else 64)
    for number in (size - 1, size + 1):
        replace_strip(path, 1, bytes(encode(bytes([7]) * number)))
        with pytest.raises(MediaError, match="2 cannot be decoded"):
            check(path)


def test_the_last_strip_may_be_filled_up(tmp_path: Path) -> None:
    """Some programs write all strips with the same number of lines."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(80), compression="lzw", photometric="minisblack", rowsperstrip=32)
    replace_strip(path, 2, bytes(imagecodecs.lzw_encode(bytes([7]) * 32 * 128)))
    check(path)


def test_a_strip_of_deflate_without_its_end_is_told(tmp_path: Path) -> None:
    """Where the checksum should be, there are zeros: libtiff has enough samples before, and does not look."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(), compression="zlib", photometric="minisblack", rowsperstrip=32)
    check(path)
    replace_strip(path, 1, strip_of(path, 1)[:-6])
    with pytest.raises(MediaError, match="strip 2 cannot be decoded"):
        check(path)


def test_a_strip_of_jpeg_with_data_behind_its_lines_is_told(tmp_path: Path) -> None:
    """Codes from elsewhere decode to something, but their number is another."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(), compression="jpeg", photometric="minisblack", rowsperstrip=48)
    check(path)
    content = strip_of(path, 1)
    behind = content.index(b"\xff\xda") + 10
    size = (len(content) - behind) // 2
    replace_strip(path, 1, content[:behind] + content[behind + size :][-size:] * 2)
    with pytest.raises((MediaError, pyvips.Error)):
        check(path)


def test_a_strip_of_deflate_may_lack_its_checksum(tmp_path: Path) -> None:
    """Some programs write none: libtiff reads all lines of such a picture, and they are right."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(), compression="zlib", photometric="minisblack", rowsperstrip=32)
    samples = grey()[:32].tobytes()
    for part, is_whole in ((samples, True), (samples[:99], False)):
        packer = zlib.compressobj()
        write_strip(path, 0, packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH))
        with nullcontext() if is_whole else pytest.raises(MediaError, match="strip 1 cannot be decoded"):
            check(path)


def test_zeros_behind_a_strip_of_packbits_are_no_samples(tmp_path: Path) -> None:
    """Some programs let each strip begin at an even place, or at a multiple of four."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, grey(), compression="packbits", photometric="minisblack", rowsperstrip=32)
    packed = bytes(imagecodecs.packbits_encode(grey()[:32].tobytes()))
    for zeros in range(5):
        write_strip(path, 0, packed + bytes(zeros))
        check(path)
    write_strip(path, 0, packed + bytes(9))
    with pytest.raises(MediaError, match="strip 1 cannot be decoded"):
        check(path)


@pytest.mark.parametrize("lines", [8, 168])
def test_the_last_strip_of_jpeg_may_be_short(tmp_path: Path, lines: int) -> None:
    """Breaks: one of less than eight lines, or whose last lines are less than a block, was called damaged."""
    path = tmp_path / "a.tif"
    Image.fromarray(grey(300, 400)).save(path, compression="jpeg", tiffinfo={ROWS_PER_STRIP: lines})
    assert read_directories(path)[0][ROWS_PER_STRIP]["data"] == [lines]
    check(path)
