"""Tests of training/data/inspection.py."""

import struct
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image, PngImagePlugin

from training.data.inspection import Inspection
from training.data.sources import Files, open_source

TURNED_BY_A_FRACTION = struct.pack("<2sHIHHHIHHHHIIIII", b"II", 42, 8, 2, 274, 3, 1, 6, 0, 33432, 5, 1, 38, 0, 1, 2)
"""EXIF with orientation 6, and a fraction as the copyright, which should be text."""


def look(*paths: Path, side: int = 500) -> list[tuple[str, np.ndarray]]:
    """The reason why each file is left out, and its picture."""
    inspection = Inspection(Files("files", list(paths), [path.name for path in paths]), side, keep=True)
    findings = [inspection[number] for number in range(len(paths))]
    return [(one.reason, one.picture) for [one] in findings]


@pytest.fixture
def astronaut(photographs: Path) -> Image.Image:
    """A colour photograph of 110 x 120."""
    return Image.open(photographs / "val" / "people" / "000.jpg")


def test_whatever_a_decoder_raises_a_file_is_broken(astronaut: Image.Image, tmp_path: Path) -> None:
    """Among them is a PNG with too much text, for which Pillow raises ValueError."""
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", " " * 2_000_000, zip=True)
    astronaut.save(tmp_path / "text.png", pnginfo=text)
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    assert {path.name: look(path)[0][0] for path in tmp_path.iterdir()} == dict.fromkeys(
        ("text.png", "cut.jpg"), "broken"
    )


def test_a_photograph_is_turned_whatever_else_its_exif_holds(astronaut: Image.Image, tmp_path: Path) -> None:
    """Tags of wrong types and damaged EXIF do not make a picture unusable."""
    astronaut.save(tmp_path / "odd.png", exif=b"Exif\0\0" + TURNED_BY_A_FRACTION)
    astronaut.save(tmp_path / "none.webp", exif=b"no such thing", lossless=True)
    (odd, turned), (none, upright) = look(tmp_path / "odd.png", tmp_path / "none.webp")
    assert odd == none == ""
    assert (turned == np.rot90(np.asarray(astronaut), -1)).all()
    assert (upright == np.asarray(astronaut)).all()


@pytest.mark.parametrize("suffix", ["tif", "heic", "bmp", "avif"])
def test_photographs_of_other_formats_are_seen(astronaut: Image.Image, tmp_path: Path, suffix: str) -> None:
    """Scanners and telephones write such files."""
    (tmp_path / "people").mkdir()
    astronaut.save(tmp_path / "people" / f"photograph.{suffix}")
    [(reason, picture)] = look(*(item.file for item in open_source(tmp_path).part(0)))
    assert reason == ""
    assert np.abs(picture.astype(int) - np.asarray(astronaut)).mean() < 5


def test_a_picture_beyond_what_is_decoded_is_not_called_broken(tmp_path: Path) -> None:
    """A file that cannot be read now may be a good photograph."""
    pyvips.Image.black(20000, 10000).pngsave(str(tmp_path / "wide.png"))
    assert look(tmp_path / "wide.png")[0][0] == "too large"


def test_what_cannot_be_opened_is_not_called_broken(tmp_path: Path) -> None:
    """A folder and a missing file are unreadable, not broken."""
    assert [reason for reason, _ in look(tmp_path, tmp_path / "gone.jpg")] == ["unreadable"] * 2


def test_tiny_is_what_is_tiny_in_its_file(astronaut: Image.Image, tmp_path: Path) -> None:
    """The side in the file counts, not the side after shrinking."""
    astronaut.save(tmp_path / "large.png")
    astronaut.resize((63, 200)).save(tmp_path / "tiny.png")
    assert [reason for reason, _ in look(tmp_path / "large.png", tmp_path / "tiny.png", side=32)] == ["", "tiny"]


@pytest.mark.parametrize("profile", ["p3", "cmyk"])
def test_colours_are_those_that_the_profile_means(tmp_path: Path, profile: str) -> None:
    """Colours are converted to sRGB, as in the service."""
    path = tmp_path / "profiled.jpg"
    colours = np.random.default_rng(0).integers(0, 256, (10, 12, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    vivid = pyvips.Image.new_from_array(colours, interpretation="srgb").icc_transform(profile, input_profile="srgb")
    vivid.jpegsave(str(path), Q=100, subsample_mode="off")
    truth = pyvips.Image.new_from_file(str(path)).icc_transform("srgb", embedded=True).numpy().astype(int)
    [(reason, picture)] = look(path)
    assert reason == ""
    assert np.abs(picture - truth).mean() < 0.5
    with Image.open(path) as file:
        assert np.abs(np.asarray(file.convert("RGB")) - truth).mean() > 4


def test_a_profile_that_cannot_be_meant_counts_as_none(astronaut: Image.Image, tmp_path: Path) -> None:
    """A damaged profile, or one of another colour space."""
    astronaut.save(tmp_path / "broken.png", icc_profile=b"no profile")
    astronaut.save(tmp_path / "ink.png", icc_profile=pyvips.Operation.call("profile_load", "cmyk"))
    for _, picture in look(tmp_path / "broken.png", tmp_path / "ink.png"):
        assert np.array_equal(picture, np.asarray(astronaut))
