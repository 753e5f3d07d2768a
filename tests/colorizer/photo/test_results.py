"""Tests of colorizer/photo/results.py and comparison.py, through the job that the worker does."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.engine import colorize
from colorizer.errors import MediaError
from colorizer.job import Job
from colorizer.photo import comparison, results
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings, PhotoSettings
from tests.assets.metadata import exif, packet, small_jpeg
from tests.assets.pictures import grey

Colorize = Callable[..., tuple[Report, Path]]


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a file; returns the report and the result."""

    def do(source: Path, **photo: object) -> tuple[Report, Path]:
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"), photo=PhotoSettings.model_validate(photo)
        )
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings)
        return colorize(job, lambda _done, _all: None), job.target

    return do


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_a_damaged_result_is_never_done(
    tmp_path: Path, colour: Colorize, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An encoder that writes another picture, or half of one, without an error: the job fails."""
    source = tmp_path / name
    Image.fromarray(grey()).save(source)
    save = results._save  # noqa: SLF001 (an encoder that fails in silence cannot be had)
    other = pyvips.Image.new_from_array(np.repeat(255 - grey()[:, :, None], 3, 2), interpretation="srgb")
    with monkeypatch.context() as patch:
        patch.setattr(results, "_save", lambda _image, plan, path: save(other, plan, path))
        with pytest.raises(MediaError, match="its result is damaged"):
            colour(source)

    def cut(image: pyvips.Image, plan: results.ResultPlan, path: Path) -> None:
        save(image, plan, path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])

    if name != "a.tif":  # its pages are merged by a library that notices
        monkeypatch.setattr(results, "_save", cut)
        with pytest.raises(MediaError, match=r"its result is damaged"):
            colour(source)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
def test_a_picture_of_a_few_noisy_pixels_is_no_damaged_result(tmp_path: Path, colour: Colorize, suffix: str) -> None:
    """An encoder changes its single pixels much, and the mean of a block little."""
    noise = np.random.default_rng(0).integers(0, 256, (5, 7), np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a.{suffix}", quality=30)
    colour(tmp_path / f"a.{suffix}")


def test_a_small_page_hides_no_damage_of_a_large_one(
    tmp_path: Path, colour: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each page is compared in as many parts as its own size allows."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(grey())
        file.write(grey()[:9, :9])
    save = results._save  # noqa: SLF001 (an encoder that fails in silence cannot be had)
    damaged = np.repeat(grey()[:, :, None], 3, 2)
    damaged[:16, :16] = 255 - damaged[:16, :16]
    other = pyvips.Image.new_from_array(damaged, interpretation="srgb")

    def save_damaged(image: pyvips.Image, plan: results.ResultPlan, path: Path) -> None:
        save(other if path.stem == "page-0" else image, plan, path)

    monkeypatch.setattr(results, "_save", save_damaged)
    with pytest.raises(MediaError, match="it does not show the picture"):
        colour(tmp_path / "a.tif")


def test_an_animation_that_rests_is_as_long_as_before(tmp_path: Path, colour: Colorize) -> None:
    """An encoder of WebP makes one frame of those that are alike; that is no damage."""
    source, frames = tmp_path / "a.gif", [grey(), grey(), grey()[::-1], grey()[::-1]]
    strip = pyvips.Image.new_from_array(np.concatenate(frames))
    strip.set_type(pyvips.GValue.gint_type, "page-height", len(grey()))
    strip.set_type(pyvips.GValue.array_int_type, "delay", [50, 150, 100, 0])
    strip.gifsave(str(source), keep_duplicate_frames=True)
    report, result = colour(source)
    assert report.frames == len(frames)
    assert pyvips.Image.new_from_file(str(result)).get("delay") == [200, 200]


def test_an_animation_that_shows_one_picture_gets_a_result(tmp_path: Path, colour: Colorize) -> None:
    """An encoder of WebP makes a single picture of it; that is no damage either."""
    source = tmp_path / "a.gif"
    strip = pyvips.Image.new_from_array(np.concatenate([grey()] * 3))
    strip.set_type(pyvips.GValue.gint_type, "page-height", len(grey()))
    strip.set_type(pyvips.GValue.array_int_type, "delay", [50, 150, 100])
    strip.gifsave(str(source), keep_duplicate_frames=True)
    report, _ = colour(source)
    assert report.frames == 3


@pytest.mark.parametrize("width", [64, 80])
def test_a_long_strip_is_no_damaged_result(tmp_path: Path, colour: Colorize, width: int) -> None:
    """Its original is reduced to a few columns, and its result to others."""
    Image.fromarray(np.tile(grey(100, width), (200, 1))).save(tmp_path / "a.jpg")
    colour(tmp_path / "a.jpg")


@pytest.mark.parametrize("height", [65_500, 65_501])
def test_a_jpeg_is_no_taller_than_other_programs_read(tmp_path: Path, colour: Colorize, height: int) -> None:
    """Breaks: its own strips are small, so that tintd wrote and read what nobody else does."""
    Image.fromarray(np.tile(grey(100, 8), (700, 1))[:height]).save(tmp_path / "a.png")
    report, result = colour(tmp_path / "a.png", format="jpeg")
    assert report.suffix == (".jpg" if height == 65_500 else ".tif")
    assert pyvips.Image.new_from_file(str(result)).avg() > 0


def test_a_tiff_without_a_resolution_gets_none(tmp_path: Path, colour: Colorize) -> None:
    """Nothing that the original does not say is made up, and nothing is reported as changed."""
    tifffile.imwrite(tmp_path / "a.tif", grey(), resolution=None, metadata=None)
    with Image.open(tmp_path / "a.tif") as image:
        assert "dpi" not in image.info
    report, result = colour(tmp_path / "a.tif")
    assert not any("resolution" in note for note in report.notes)
    with Image.open(result) as image:
        assert "dpi" not in image.info


def test_metadata_that_gets_lost_is_named(tmp_path: Path, colour: Colorize, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever part of tintd loses it: a reader that is no part of the writer compares."""
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, exif=b"Exif\x00\x00" + exif(), xmp=packet(), comment=b"Nr. 17")
    assert colour(source)[0].notes == ()
    write = results.blocks_of_copy
    monkeypatch.setattr(
        results,
        "blocks_of_copy",
        lambda blocks, truth, maker: type(blocks)(xmp=write(blocks, truth, maker).xmp.replace(b"Gro", b"Kle")),
    )
    (note,) = colour(source)[0].notes
    assert note.startswith("metadata that is not as in the original: EXIF")
    for name in ("MakerNote", "XMP li", "comment"):
        assert name in note


def test_a_text_that_is_padded_is_the_same_text(tmp_path: Path, colour: Colorize) -> None:
    """A scanner's program writes more zeros than the one that ends a text."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(48, 64), photometric="minisblack", software=b"Scan\0\0\0\0", metadata=None)
    assert colour(source)[0].notes == ()


def test_what_another_format_has_no_place_for_is_named(tmp_path: Path, colour: Colorize) -> None:
    """Texts of a PNG, for instance."""
    info = PngInfo()
    info.add_text("Title", "Köln")
    source = tmp_path / "a.png"
    Image.fromarray(grey()).save(source, pnginfo=info, dpi=(300, 300))
    report, result = colour(source, format="jpeg")
    assert "texts of the PNG left out: 1" in report.notes
    with Image.open(result) as image:
        assert tuple(round(one) for one in image.info["dpi"]) == (300, 300)


def test_the_thumbnail_of_a_result_is_in_colour(tmp_path: Path, colour: Colorize) -> None:
    """A file manager would show grey otherwise."""
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, exif=b"Exif\x00\x00" + exif(small_jpeg(300)))
    small = pyvips.Image.new_from_file(str(colour(source)[1])).get("jpeg-thumbnail-data")
    assert np.ptp(np.asarray(Image.open(io.BytesIO(small)).convert("RGB"), float), axis=2).max() > 10


def test_an_original_that_cannot_be_compared_is_no_failure(tmp_path: Path) -> None:
    """What Pillow does not read is not called lost."""
    (tmp_path / "a.dng").write_bytes(b"II*\x00 none")
    assert comparison.lost_metadata(tmp_path / "a.dng", tmp_path / "none", ()) == ()


def test_damaged_exif_prints_no_warning(tmp_path: Path, colour: Colorize) -> None:
    """What is wrong with it is a matter of notes, and stderr belongs to the service."""
    source = tmp_path / "a.jpg"
    block = bytearray(exif())
    block[14:18] = b"\xff\xff\xff\x7f"  # number of values of the first tag
    Image.fromarray(grey()).save(source, exif=b"Exif\x00\x00" + bytes(block))
    with warnings.catch_warnings(action="error"):
        colour(source)
