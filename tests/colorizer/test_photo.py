"""Tests of colorizer/photo.py, through the job that the worker does."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from colorizer.colorization import colorize
from colorizer.errors import MediaError, TintdError, TruncatedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings, PhotoSettings
from tests.assets.pictures import deep_grey, grey, write_grey

Colorize = Callable[..., tuple[Report, Path]]
BT601 = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a file; returns the report and the result."""

    def do(source: Path, *, compare: bool = False, **photo: int) -> tuple[Report, Path]:
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"), photo=PhotoSettings.model_validate(photo)
        )
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings, compare=compare)
        return colorize(job, lambda _done, _all: None), job.target

    return do


def pixels(path: Path) -> NDArray[np.float64]:
    """A result's samples; libvips reads 16-bit colour, which Pillow does not."""
    samples: NDArray[np.float64] = pyvips.Image.new_from_file(str(path)).numpy().astype(float)
    return samples


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (33, 31), (96, 128), (300, 40)])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_the_luma_of_a_lossless_result_is_the_originals(
    tmp_path: Path, colour: Colorize, name: str, size: tuple[int, int]
) -> None:
    """Within 1/255 at every pixel, whatever the size; and there is colour."""
    source = write_grey(tmp_path / name, *size)
    report, result = colour(source)
    rgb = pixels(result).reshape(*size, 3)
    assert np.abs(rgb @ BT601 - grey(*size)).max() <= 1
    assert (report.width, report.height) == size[::-1]
    assert np.ptp(rgb, axis=2).max() > 10


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bits_stay_sixteen(tmp_path: Path, colour: Colorize, name: str) -> None:
    """Every one of a 16-bit scan's levels is in the luma of the result, to a level."""
    source = tmp_path / name
    Image.fromarray(deep_grey()).save(source)
    _, result = colour(source)
    rgb = pixels(result)
    assert rgb.max() > 255
    assert np.abs(rgb @ BT601 - deep_grey()).max() <= 1


@pytest.mark.parametrize(
    ("name", "format_"), [("a.jpg", "JPEG"), ("a.webp", "WEBP"), ("a.tif", "TIFF"), ("a.png", "PNG")]
)
def test_the_format_stays(tmp_path: Path, colour: Colorize, name: str, format_: str) -> None:
    """A result is of its original's format, with its size, and close to its luma."""
    source = write_grey(tmp_path / name)
    report, result = colour(source)
    assert report.suffix == source.suffix
    with Image.open(result) as image:
        assert (image.format, image.mode) == (format_, "RGB")
        luma = np.asarray(image.convert("L"), float)
    with Image.open(source) as original:
        assert np.abs(luma - np.asarray(original.convert("L"), float)).mean() < 2


def test_a_suffix_in_other_letters_stays(tmp_path: Path, colour: Colorize) -> None:
    """IMG.JPEG remains .JPEG."""
    report, _ = colour(write_grey(tmp_path / "IMG.JPEG"))
    assert report.suffix == ".JPEG"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_is_applied_once(tmp_path: Path, colour: Colorize, orientation: int) -> None:
    """What a viewer shows of the result stands as what it shows of the original."""
    exif = Image.Exif()
    exif[274] = orientation
    source = tmp_path / "turned.jpg"
    Image.fromarray(grey(60, 90)).save(source, exif=exif, quality=95)
    _, result = colour(source)
    shown = [np.asarray(ImageOps.exif_transpose(Image.open(path)).convert("L"), float) for path in (source, result)]
    assert shown[0].shape == shown[1].shape
    assert np.abs(shown[0] - shown[1]).mean() < 2


def test_a_turned_picture_gets_the_colours_of_an_upright_one(tmp_path: Path, colour: Colorize) -> None:
    """The network sees the picture as people do."""
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(grey(64, 96)).save(tmp_path / "upright.tif")
    Image.fromarray(np.rot90(grey(64, 96))).save(tmp_path / "turned.tif", exif=exif)
    upright = pixels(colour(tmp_path / "upright.tif")[1])
    turned = pixels(colour(tmp_path / "turned.tif")[1])
    assert np.abs(np.rot90(upright) - turned).max() <= 1


def test_metadata_is_kept(tmp_path: Path, colour: Colorize) -> None:
    """EXIF, XMP, resolution and modification time are the original's."""
    exif = Image.Exif()
    exif[271], exif[306] = "Zeiss Ikon", "1936:08:01 12:00:00"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, exif=exif, xmp=xmp, dpi=(600, 600))
    os.utime(source, (1e9, 1e9))
    _, result = colour(source)
    with Image.open(result) as image:
        assert (image.getexif()[271], image.getexif()[306]) == ("Zeiss Ikon", "1936:08:01 12:00:00")
        assert b"adobe:ns:meta" in image.info["xmp"]
        assert image.info["dpi"] == pytest.approx((600, 600), rel=0.01)
    assert result.stat().st_mtime == 1e9


def test_an_icc_profile_is_honoured_and_the_result_says_srgb(tmp_path: Path, colour: Colorize) -> None:
    """A picture in Display P3 keeps its luma as sRGB shows it, and carries the sRGB profile."""
    source = tmp_path / "a.png"
    image = pyvips.Image.new_from_array(np.repeat(grey()[..., None], 3, axis=2)).copy(interpretation="srgb")
    image.icc_transform("p3", input_profile="srgb").write_to_file(str(source))
    _, result = colour(source)
    with Image.open(result) as found:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(found.info["icc_profile"]))
        assert "sRGB" in ImageCms.getProfileDescription(profile)
    assert np.abs(pixels(result) @ BT601 - grey()).max() <= 2


def test_transparency_is_kept(tmp_path: Path, colour: Colorize) -> None:
    """The alpha channel is the original's."""
    alpha = np.tile(np.arange(128, dtype=np.uint8), (96, 1))
    source = tmp_path / "a.png"
    Image.merge("LA", (Image.fromarray(grey()), Image.fromarray(alpha))).save(source)
    rgba = pixels(colour(source)[1])
    assert np.array_equal(rgba[..., 3], alpha)


def test_lossless_webp_stays_lossless(tmp_path: Path, colour: Colorize) -> None:
    """Its luma comes through to a level."""
    source = tmp_path / "a.webp"
    Image.fromarray(grey()).convert("RGB").save(source, lossless=True)
    assert np.abs(pixels(colour(source)[1]) @ BT601 - grey()).max() <= 1


def test_compare_puts_grey_beside_colour(tmp_path: Path, colour: Colorize) -> None:
    """On the left what was, on the right what has become of it."""
    both = pixels(colour(write_grey(tmp_path / "a.png"), compare=True)[1])
    assert both.shape == (96, 256, 3)
    assert np.array_equal(both[:, :128], np.repeat(grey()[..., None], 3, axis=2))
    assert np.ptp(both[:, 128:], axis=2).max() > 10


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif"])
def test_a_picture_that_is_cut_off_may_still_be_growing(tmp_path: Path, colour: Colorize, name: str) -> None:
    """It is told apart from a damaged one, by name."""
    source = write_grey(tmp_path / name)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(TruncatedError, match=name):
        colour(source)


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
@pytest.mark.parametrize("seed", range(5))
def test_damage_is_refused_or_survived(tmp_path: Path, colour: Colorize, name: str, seed: int) -> None:
    """Flipped bytes end in a picture or in a reason, never in another error."""
    source = write_grey(tmp_path / name)
    rng = np.random.default_rng(seed)
    content = bytearray(source.read_bytes())
    for place in rng.integers(4, len(content), 20):
        content[place] = int(rng.integers(256))
    source.write_bytes(content)
    reason = refusal(colour, source)
    assert reason is None or (name in reason and "\n" not in reason)


def refusal(colour: Colorize, source: Path) -> str | None:
    """Why a file is refused, if it is."""
    try:
        colour(source)
    except TintdError as error:
        return str(error)
    return None


def test_a_picture_over_the_limit_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """By its header, before a pixel is read."""
    source = tmp_path / "bomb.png"
    Image.new("1", (12_000, 12_000)).save(source)
    with pytest.raises(MediaError, match="144 megapixels"):
        colour(source, max_megapixels=100)
