"""Tests of colorizer/kind.py."""

from pathlib import Path

import pytest

from colorizer.errors import UnsupportedError
from colorizer.kind import kind_of
from tests.assets.pictures import write_grey


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_photographs_are_known_by_their_bytes(tmp_path: Path, name: str) -> None:
    """A photograph is one under any name."""
    renamed = write_grey(tmp_path / name).rename(tmp_path / "renamed.txt")
    assert kind_of(renamed) == "photo"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "drawing"),
        (b"<svg/>", "SVG"),
        (b"PK\x03\x04....", "ZIP"),
        (b"ID3\x04", "sound"),
    ],
)
def test_what_is_no_photograph_is_refused_with_its_name(tmp_path: Path, content: bytes, word: str) -> None:
    """The reason says what the file is."""
    path = tmp_path / "file.jpg"
    path.write_bytes(content)
    with pytest.raises(UnsupportedError, match=word):
        kind_of(path)
