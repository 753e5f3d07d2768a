"""Tests of colorizer/photo/negatives.py, through the job that the worker does, with the weights of tintd."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
import skimage.data
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps

from colorizer.engine import colorize, open_colorist
from colorizer.errors import NegativeError
from colorizer.job import Job
from colorizer.model.chroma import ChromaFit
from colorizer.model.upright import Pose
from colorizer.photo.pipeline import examine, write
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, JobSettings
from tests.assets.tones import coloured

Colorize = Callable[[Path, str], tuple[Report, Path]]
BT601 = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def colour(tmp_path: Path) -> Colorize:
    """Colours a file, whose negatives are treated as told; returns the report and the result."""

    def do(source: Path, negatives: str) -> tuple[Report, Path]:
        detection = DetectionSettings.model_validate({"negatives": negatives})
        settings = JobSettings(colour=ColourSettings(device="cpu"), detection=detection)
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings)
        return colorize(job, lambda _done, _all: None), job.target

    return do


def scene() -> Image.Image:
    """A photograph that is surely no negative, and whose inverse surely is one."""
    return Image.fromarray(skimage.data.camera()).resize((240, 200))


def luma_of(path: Path) -> NDArray[np.float64]:
    """Luma of the first page, 0..255."""
    image = pyvips.Image.new_from_file(str(path))
    luma: NDArray[np.float64] = image[:3].numpy() @ BT601 / (257 if image.format == "ushort" else 1)
    return luma


def chroma_of(page: Image.Image) -> float:
    """The greatest deviation of R'G'B' from grey."""
    return float(np.asarray(page.convert("RGB")).std(axis=2).max())


def test_a_negative_is_left_alone(tmp_path: Path, colour: Colorize) -> None:
    """The sentence says what to do; `detection.negatives: colour` colours it as it is."""
    ImageOps.invert(scene()).save(tmp_path / "a.png")
    with pytest.raises(NegativeError, match=r"a\.png: it looks like a negative; set `detection\.negatives: invert`"):
        colour(tmp_path / "a.png", "skip")
    report, _ = colour(tmp_path / "a.png", "colour")
    assert not any("negative" in note for note in report.notes)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "deep.png", "alpha.png"])
def test_the_positive_of_a_negative_is_coloured(tmp_path: Path, colour: Colorize, name: str) -> None:
    """Its tones are those of the scene, in all depths; the report and the metadata say so, and the original stays."""
    source, positive = tmp_path / name, np.asarray(scene()).astype(float)
    negative = ImageOps.invert(scene())
    if name == "deep.png":
        Image.fromarray(np.asarray(negative).astype(np.uint16) * 257).save(source)
    elif name == "alpha.png":
        negative.putalpha(Image.new("L", negative.size, 255))
        negative.save(source)
    else:
        negative.save(source)
    before = hashlib.sha256(source.read_bytes()).digest()
    report, result = colour(source, "invert")
    stretched = (positive - positive.min()) / np.ptp(positive) * 255
    assert np.corrcoef(luma_of(result).ravel(), positive.ravel())[0, 1] > 0.98
    assert np.abs(luma_of(result) - stretched).mean() < 25
    assert chroma_of(Image.open(result)) > 5
    assert any("its positive was coloured" in note for note in report.notes)
    assert b"inverted from a negative" in result.read_bytes()
    assert hashlib.sha256(source.read_bytes()).digest() == before


def test_what_is_no_negative_is_not_inverted(tmp_path: Path, colour: Colorize) -> None:
    """Its luma stays what it is."""
    scene().save(tmp_path / "a.png")
    report, result = colour(tmp_path / "a.png", "invert")
    assert np.abs(luma_of(result) - np.asarray(scene())).max() <= 1
    assert not any("negative" in note for note in report.notes)


def test_nothing_around_a_positive_is_said_to_have_kept_its_colour(tmp_path: Path, colour: Colorize) -> None:
    """It is grey, as the positive of all of the scan is."""
    scan = ImageOps.expand(ImageOps.invert(scene()).convert("RGB"), 30, (120, 60, 20))
    scan.save(tmp_path / "a.png")
    report, result = colour(tmp_path / "a.png", "invert")
    (note,) = report.notes
    assert "its positive was coloured" in note
    assert chroma_of(Image.open(result).crop((0, 0, 20, 260))) <= 1


def test_a_page_that_is_a_negative_stays_as_it_is(tmp_path: Path, colour: Colorize) -> None:
    """The others are coloured, and the report names it."""
    negative = ImageOps.invert(scene())
    scene().save(tmp_path / "pages.tif", save_all=True, append_images=[negative, negative])
    report, result = colour(tmp_path / "pages.tif", "skip")
    for page in (2, 3):
        assert any(note.startswith(f"page {page} looks like a negative, and stays as it is") for note in report.notes)
    with Image.open(result) as pages:
        assert chroma_of(pages) > 5
        pages.seek(1)
        assert np.array_equal(np.asarray(pages.convert("RGB")), np.asarray(negative.convert("RGB")))


def test_each_page_is_judged_by_itself(tmp_path: Path, colour: Colorize) -> None:
    """A negative among pages in colour becomes its positive, and those stay; left alone, the reason says both."""
    own = Image.fromarray(coloured("astronaut", 200, 240))
    ImageOps.invert(scene()).convert("RGB").save(tmp_path / "pages.tif", save_all=True, append_images=[own])
    with pytest.raises(NegativeError, match=r"negatives, as it seems, or in colour already"):
        colour(tmp_path / "pages.tif", "skip")
    report, result = colour(tmp_path / "pages.tif", "invert")
    assert any(note.startswith("page 1 looks like a negative, and its positive") for note in report.notes)
    with Image.open(result) as pages:
        first = np.asarray(pages.convert("RGB")) @ BT601
        assert np.corrcoef(first.ravel(), np.asarray(scene()).ravel())[0, 1] > 0.98
        pages.seek(1)
        assert np.abs(np.asarray(pages.convert("RGB")).astype(int) - np.asarray(own)).max() <= 1


def test_the_positive_of_a_dark_negative_is_not_said_to_be_dark(tmp_path: Path) -> None:
    """Breaks: "nearly black" of a result that is not; it is judged after the inversion."""
    dark = np.asarray(ImageOps.invert(scene())).astype(np.uint16) * 16  # 12 bits stored as 16
    Image.fromarray(dark).save(tmp_path / "a.png")
    settings = JobSettings(
        colour=ColourSettings(device="cpu"), detection=DetectionSettings.model_validate({"negatives": "invert"})
    )
    job = Job(tmp_path / "a.png", tmp_path / "result", tmp_path / "workspace", settings)
    none = ChromaFit(torch.zeros(1, 2, 1, 1), torch.zeros(1, 2, 1, 1))
    examined = examine(job, open_colorist(settings.colour), lambda _done, _all: None)
    for is_negative in (True, False):
        report = write(examined, [(none, Pose(is_negative=is_negative))], None, lambda _done, _all: None)
        assert any("nearly black" in note for note in report.notes) != is_negative
        assert (luma_of(job.target).max() > 250) == is_negative
