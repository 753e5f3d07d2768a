"""Tests of every format of photograph: samples of other programs, coloured, and read again by other programs."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from colorizer.engine import colorize
from colorizer.errors import UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, JobSettings
from tests.assets.pictures import deep_grey, grey
from tests.formats.photographs import SAMPLES, Sample

BT601 = np.array([0.299, 0.587, 0.114])
TOLD = {
    "EXIF": {"IFD0:Make": "Zeiss Ikon", "ExifIFD:DateTimeOriginal": "1936:08:01 12:00:00"},
    "XMP": {"XMP-dc:Title": "Unter den Linden"},
    "IPTC": {"IPTC:City": "Berlin"},
}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.format)
def test_a_photograph_of_this_format_is_coloured(tmp_path: Path, weights: Path, sample: Sample) -> None:
    """Type, size, depth, number of pictures, luma and metadata are what the table says."""
    source = make(sample, tmp_path)
    report, result = colour(source, weights)
    shapes = looks(result)
    assert {(shape.type, shape.bits) for shape in shapes} == {(sample.type, sample.bits)}
    assert report.frames == len(shapes) == sample.pictures
    check_picture(source, result, shapes, sample)
    check_tags(source, result, sample)


@pytest.mark.parametrize("name", ["a.ico", "a.dpx", "a.psd", "a.pdf", "a.svg"])
def test_what_is_no_photograph_is_refused_by_name(tmp_path: Path, weights: Path, name: str) -> None:
    """As other programs write it."""
    source = tmp_path / name
    if name == "a.pdf":
        Image.fromarray(grey()).save(source)
    elif name == "a.svg":
        source.write_text('<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"/>\n')
    else:
        need("convert")
        Image.fromarray(grey(64, 64)).save(tmp_path / "grey.png")
        run("convert grey.png " + name, tmp_path)
    word = {"ico": "icon", "dpx": "DPX", "psd": "Photoshop", "pdf": "PDF", "svg": "SVG"}[source.suffix[1:]]
    with pytest.raises(UnsupportedError, match=word):
        colour(source, weights)


@pytest.mark.parametrize("name", ["a.qoi", "a.xbm", "a.sgi"])
def test_a_picture_that_only_films_decoder_knows_is_no_film(tmp_path: Path, weights: Path, name: str) -> None:
    """It is refused with its format, and does not become a film of one frame."""
    need("ffmpeg")
    Image.fromarray(deep_grey()).save(tmp_path / "deep.png")
    pixels = {"a.qoi": "rgb24", "a.xbm": "monow", "a.sgi": "gray16be"}[name]
    run(f"ffmpeg -v error -i deep.png -pix_fmt {pixels} {name}", tmp_path)
    with pytest.raises(UnsupportedError, match=f"a picture in {name[2:].upper()}, .*save it as PNG"):
        colour(tmp_path / name, weights)


@dataclass(frozen=True)
class Shape:
    """A picture, as ImageMagick tells."""

    type: str
    width: int
    height: int
    bits: int


def make(sample: Sample, folder: Path) -> Path:
    """A sample, with its metadata."""
    for command in sample.commands:
        need(command.split()[0])
    need("exiftool")
    need("identify")
    Image.fromarray(grey()).save(folder / "grey.png")
    Image.fromarray(deep_grey()).save(folder / "deep.png")
    Image.fromarray(skimage.data.astronaut()[:96, 150:278]).save(folder / "colour.png")
    for command in sample.commands:
        run(command, folder)
    tags = {tag: value for group in sample.tags.split() for tag, value in TOLD[group].items()}
    if tags:
        assignments = [f"-{tag}={value}" for tag, value in tags.items()]
        subprocess.run(
            ["exiftool", "-q", "-m", "-overwrite_original", *assignments, sample.name], cwd=folder, check=True
        )
    return folder / sample.name


def colour(source: Path, weights: Path) -> tuple[Report, Path]:
    """The report and the result, under a name of its format."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        detection=DetectionSettings(input="grey"),  # some samples are in colour
    )
    target = source.parent / "result"
    report = colorize(Job(source, target, source.parent / "workspace", settings), lambda _done, _all: None)
    return report, target.rename(source.parent / f"result{report.suffix}")


def check_picture(source: Path, result: Path, shapes: list[Shape], sample: Sample) -> None:
    """Sizes, luma and transparency are the original's, to the rounding of its depth and what lossy formats lose."""
    if sample.mean is None:  # of a format that ImageMagick does not read
        assert [(shape.width, shape.height) for shape in shapes] == [(128, 96)]
        return
    originals = looks(source)
    assert [(one.width, one.height) for one in shapes] == [(one.width, one.height) for one in originals]
    before, after = pixels(source, originals), pixels(result, shapes)
    assert np.ptp(after, axis=1).max() > 10 or len(np.unique(before)) == 2  # black and white have no room for colour
    difference = np.abs((after - before) @ BT601)
    rounding = 1.01 / 257 if min(shape.bits for shape in shapes) > 8 else 1.01
    assert difference.mean() <= sample.mean if sample.mean else difference.max() <= rounding
    opaque = np.abs(opacity(source, originals) - opacity(result, shapes))
    assert opaque.mean() <= sample.mean if sample.mean else opaque.max() <= rounding


def check_tags(source: Path, result: Path, sample: Sample) -> None:
    """What the sample was given is in the result, and what made the colour is said."""
    if not sample.tags:
        return
    answer = subprocess.run(["exiftool", "-j", "-G1", source, result], capture_output=True, check=True, text=True)
    was, became = json.loads(answer.stdout)
    given = [tag for group in sample.tags.split() for tag in TOLD[group]]
    assert {tag: became.get(tag) for tag in given} == {tag: was[tag] for tag in given}
    assert became["XMP-xmp:CreatorTool"].startswith("tintd")
    assert "algorithmicallyEnhanced" in became["XMP-iptcExt:DigitalSourceType"]


def looks(path: Path) -> list[Shape]:
    """Type, size and depth of each picture, as ImageMagick tells."""
    answer = subprocess.run(["identify", "-format", "%m %w %h %z\n", path], capture_output=True, check=True, text=True)
    fields = [line.split() for line in answer.stdout.splitlines()]
    return [Shape(_type(kind, path), int(width), int(height), int(bits)) for kind, width, height, bits in fields]


def _type(told: str, path: Path) -> str:
    """ImageMagick tells the version of a BMP, and AVIF and HEIC not apart."""
    if told == "HEIC":
        return "AVIF" if path.read_bytes()[8:12] == b"avif" else told
    return told.removesuffix("3")


def pixels(path: Path, shapes: list[Shape]) -> NDArray[np.float64]:
    """R'G'B' of all pictures, one after the other, in levels of 255, as ImageMagick reads them."""
    return _read(path, shapes, 3, "-colorspace", "sRGB", "-alpha", "off", "rgb:-")


def opacity(path: Path, shapes: list[Shape]) -> NDArray[np.float64]:
    """The same of their alpha; 255 where they have none."""
    return _read(path, shapes, 1, "-alpha", "extract", "gray:-")


def _read(path: Path, shapes: list[Shape], samples: int, *options: str) -> NDArray[np.float64]:
    frames = ["-coalesce"] if path.suffix in {".gif", ".webp"} else []
    command = ["convert", path, *frames, "-depth", "16", "-endian", "LSB", *options]
    read = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<u2")
    assert len(read) == samples * sum(shape.width * shape.height for shape in shapes)
    return read.reshape(-1, samples).astype(float) / 257


def need(program: str) -> None:
    """Skip the test where a program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def run(command: str, folder: Path) -> None:
    """Run a program as a shell would, without one."""
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
