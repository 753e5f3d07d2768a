"""Tests of colorizer/photo/blocks/trailer.py: nothing that lies behind a photograph is lost silently."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from colorizer.photo.blocks.jpeg_segments import read_header
from colorizer.photo.blocks.trailer import read_trailer

FILM = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x08free" + b"\xff\xd8\xff" * 99


def jpeg(seed: int = 0, **options: object) -> bytes:
    """A small picture of noise, with a thumbnail that is a whole JPEG itself."""
    noise = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 56), np.uint8))
    thumbnail = io.BytesIO()
    noise.resize((16, 12)).save(thumbnail, "JPEG")
    file = io.BytesIO()
    noise.save(file, "JPEG", exif=b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0" + thumbnail.getvalue(), **options)
    return file.getvalue()


def told(path: Path, content: bytes, listed: int = 0) -> tuple[str, ...]:
    """What is said of a file."""
    path.write_bytes(content)
    with path.open("rb") as file:
        return read_trailer(file, read_header(file).scan).describe(listed)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("end", [b"", b"\0" * 3_000_000, b"\r\n", b"\xff" * 7])
def test_a_photograph_alone_has_no_trailer(tmp_path: Path, end: bytes, *, progressive: bool) -> None:
    """Neither its thumbnail nor padding is one; nor has a picture that breaks off any."""
    content = jpeg(progressive=progressive)
    assert told(tmp_path / "a.jpg", content + end) == ()
    assert told(tmp_path / "a.jpg", content[:-300]) == ()


def test_pictures_in_a_row_are_counted(tmp_path: Path) -> None:
    """A burst, a film of JPEGs with a wrong suffix, and one whose last one breaks off; listed ones do not count."""
    row = b"".join(jpeg(seed) + b"\0" * (seed % 3) for seed in range(5))
    (said,) = told(tmp_path / "a.jpg", row)
    assert "left out: 4; cut the file" in said
    assert ".mjpg" in said
    assert "left out: 4;" in told(tmp_path / "a.jpg", row[:-200])[0]
    assert "left out: 1;" in told(tmp_path / "a.jpg", row, listed=3)[0]
    assert told(tmp_path / "a.jpg", row, listed=4) == ()


def test_a_picture_that_lacks_its_end_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    """Breaks: the next one is taken for a part of it, and lost silently."""
    (said,) = told(tmp_path / "a.jpg", jpeg()[:-2] + jpeg(1)[:-2] + jpeg(2))
    assert "left out: 2;" in said


@pytest.mark.parametrize("marker", [b"\xff\x01", b"\xff\xd3", b"\xff"])
def test_a_marker_without_a_segment_ends_no_header(tmp_path: Path, marker: bytes) -> None:
    """Breaks: a whole file is said to lack the marker at its end, and nothing that lies behind it is named."""
    content = jpeg()[:2] + marker + jpeg()[2:]
    assert "left out: 1;" in told(tmp_path / "a.jpg", content + jpeg(1))[0]


def test_what_is_no_picture_is_named(tmp_path: Path) -> None:
    """The film of a motion photo, also behind a camera's name for it, and anything else by its size."""
    content = jpeg()
    for name in (b"", b"MotionPhoto_Data"):
        assert told(tmp_path / "a.jpg", content + name + FILM) == ("left out: a film (motion photo)",)
    between = told(tmp_path / "a.jpg", content + b"x" * 1234 + jpeg(1) + b"PK\3\4" + b"y" * 96)
    assert "left out: 1;" in between[0]
    assert "left out: 1334 bytes behind the picture" in between[1]


@given(st.binary(max_size=200), st.integers(0, 3000))
def test_no_damage_is_an_error(tmp_path_factory: pytest.TempPathFactory, behind: bytes, cut: int) -> None:
    """Whatever lies behind, and wherever a file ends."""
    path = tmp_path_factory.getbasetemp() / f"trailer{os.getpid()}.jpg"
    told(path, (jpeg() + behind)[:cut] + behind)
    told(path, jpeg() + b"\xff\xd8\xff\xe0\0\x04\xff\xd8\xff\xda" * 3 + behind)


def test_a_million_false_beginnings_take_no_time_that_grows_with_their_square(tmp_path: Path) -> None:
    """Breaks: each is followed to the end of the file."""
    said = told(tmp_path / "a.jpg", jpeg() + b"\xff\xd8\xff\xe0\0\x02" * 200_000)
    assert said == ("left out: 1200000 bytes behind the picture, which tintd does not know",)


@pytest.mark.parametrize("length", range((1 << 20) - 4, (1 << 20) + 5))
def test_a_beginning_across_two_reads_is_found(tmp_path: Path, length: int) -> None:
    """A file is read by the mebibyte."""
    said = told(tmp_path / "a.jpg", jpeg() + b"x" * length + jpeg(1))
    assert "left out: 1;" in said[0]
    assert f"left out: {length} bytes" in said[1]
