"""Tests of colorizer/photo/formats/tiff.py: TIFF as scanners and libraries write it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from colorizer.engine import colorize
from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.job import Job
from colorizer.photo import batch
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, JobSettings, PhotoSettings
from tests.assets.pictures import deep_grey, grey

BT601 = np.array([0.299, 0.587, 0.114])
Colorize = Callable[..., tuple[Report, Path]]


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a file; returns the report and the result."""

    def do(source: Path, **photo: object) -> tuple[Report, Path]:
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"),
            detection=DetectionSettings(input="grey"),
            photo=PhotoSettings.model_validate(photo),
        )
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings)
        return colorize(job, lambda _done, _all: None), job.target

    return do


def rgb(samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """A grey picture in R'G'B'."""
    return np.repeat(samples[:, :, None], 3, 2)


@pytest.mark.parametrize("compression", ["zstd", "lzma", "jpegxl", "jpeg2000", "lerc"])
@pytest.mark.parametrize("tile", [None, (32, 48)])
def test_a_compression_that_libvips_lacks_is_read(
    tmp_path: Path, colour: Colorize, compression: str, tile: tuple[int, int] | None
) -> None:
    """By another reader, to the last sample; such tiles were black once."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, deep_grey(), compression=compression, tile=tile, photometric="minisblack")
    report, result = colour(source)
    assert report.notes == ()
    samples = tifffile.imread(result)
    assert samples.dtype == np.uint16
    assert np.abs(samples @ BT601 - deep_grey()).max() <= 1
    assert np.ptp(samples.astype(int), axis=2).max() > 1000


@pytest.mark.parametrize(
    ("samples", "photometric", "white"),
    [
        (255 - grey(), "miniswhite", 255),
        (deep_grey() >> 4, "minisblack", 4095),
        (rgb(grey()), "rgb", 255),
        (np.stack([grey()] * 3), "rgb", 255),
        ((grey() / 255).astype(np.float32), "minisblack", 1),
    ],
    ids=["white is zero", "12 bits", "RGB", "planes", "float"],
)
def test_every_layout_is_read(
    tmp_path: Path, colour: Colorize, samples: NDArray[np.generic], photometric: str, white: int
) -> None:
    """By the reader that is not libvips."""
    options: dict[str, object] = {"compression": "zstd"}
    if white == 4095:
        options = {"bitspersample": 12}
    if samples.shape[0] == 3:
        options["planarconfig"] = "separate"
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric=photometric, **options)  # type: ignore[arg-type]
    found = tifffile.imread(colour(tmp_path / "a.tif")[1]).astype(float)
    deepest = {np.dtype(np.uint16): 65535, np.dtype(np.uint8): 255}.get(samples.dtype, 1)
    original = deep_grey() >> 4 if white == 4095 else grey()
    assert np.abs(found @ BT601 / deepest - original / original.max() * original.max() / max(white, 255)).max() < 0.003


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd", None])
@pytest.mark.parametrize("room", [0, 1 << 27])
def test_a_tile_that_is_missing_or_damaged_is_told(
    tmp_path: Path, colour: Colorize, monkeypatch: pytest.MonkeyPatch, compression: str | None, room: int
) -> None:
    """No tile is black without a word, whether the picture is held in memory or not."""
    monkeypatch.setattr(batch, "_ROOM", room)
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(256, 256), compression=compression, tile=(64, 64), photometric="minisblack")
    whole = source.read_bytes()
    with tifffile.TiffFile(source) as file:
        place, size = file.pages[0].dataoffsets[5], file.pages[0].databytecounts[5]
    source.write_bytes(whole[: place + size // 2])
    with pytest.raises(MediaError, match=r"a\.tif"):
        colour(source)
    if compression is not None:
        source.write_bytes(whole[:place] + bytes(size) + whole[place + size :])
        with pytest.raises(MediaError, match=r"a\.tif"):
            colour(source)


def test_a_strip_whose_checksum_is_wrong_is_told(tmp_path: Path, colour: Colorize) -> None:
    """Libtiff leaves that of strips alone."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(), compression="zlib", rowsperstrip=32, photometric="minisblack")
    with tifffile.TiffFile(source) as file:
        place, size = file.pages[0].dataoffsets[1], file.pages[0].databytecounts[1]
    content = bytearray(source.read_bytes())
    content[place + size // 2 : place + size // 2 + 9] = b"scratched"
    source.write_bytes(content)
    with pytest.raises(MediaError, match="damaged"):
        colour(source)


def test_a_strip_of_jpeg_that_breaks_off_is_told(tmp_path: Path, colour: Colorize) -> None:
    """Libtiff only warns of it, as it does of a tag that it does not know, and its lines are grey."""
    source, tag = tmp_path / "a.tif", (65000, 2, 0, "unknown", True)
    tifffile.imwrite(source, grey(), compression="jpeg", rowsperstrip=32, photometric="minisblack", extratags=[tag])
    assert colour(source)[0].notes == ()
    with tifffile.TiffFile(source) as file:
        place, size = file.pages[0].dataoffsets[-1], file.pages[0].databytecounts[-1]
    content = bytearray(source.read_bytes())
    content[place + size - 40 : place + size - 38] = b"\xff\xd9"
    source.write_bytes(content)
    with pytest.raises(MediaError, match="ends too early"):
        colour(source)


@pytest.mark.parametrize("deep", [True, False])
@pytest.mark.parametrize("in_colour", [True, False])
def test_infrared_beside_the_colour_is_kept(tmp_path: Path, colour: Colorize, *, deep: bool, in_colour: bool) -> None:
    """A scanner's fourth sample is no transparency, and stays what it is."""
    samples = deep_grey() if deep else grey()
    infrared = samples[::-1]
    picture = np.dstack([rgb(samples) if in_colour else samples, infrared])
    source = tmp_path / "a.tif"
    photometric = "rgb" if in_colour else "minisblack"
    tifffile.imwrite(source, picture, photometric=photometric, extrasamples=["unspecified"])
    report, result = colour(source)
    assert report.notes == ("samples beside its colour (a scanner's infrared, for instance) kept as they are: 1",)
    with tifffile.TiffFile(result) as file:
        assert file.pages[0].extrasamples == (0,)
        found = file.asarray()
    assert (found[:, :, 3] == infrared).all()
    assert np.abs(found[:, :, :3] @ BT601 - samples).max() <= 1
    report, result = colour(source, format="jpeg")
    assert report.suffix == ".jpg"
    assert any("samples beside its colour left out" in note for note in report.notes)


@pytest.mark.parametrize("compression", [None, "zstd"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("kinds", [(2, 0), (0, 0, 0)])
@pytest.mark.parametrize("in_colour", [True, False])
def test_several_samples_beside_the_colour_are_kept(
    tmp_path: Path, colour: Colorize, compression: str | None, planes: str, kinds: tuple[int, ...], *, in_colour: bool
) -> None:
    """Breaks: refused, or a grey picture with three of them was taken for one in colour."""
    beside = [grey()[::-1], grey()[:, ::-1], grey()[::-1, ::-1]][: len(kinds)]
    stacked = np.stack([grey()] * (3 if in_colour else 1) + beside, 0 if planes == "separate" else 2)
    source = tmp_path / "a.tif"
    tifffile.imwrite(
        source,
        stacked,
        photometric="rgb" if in_colour else "minisblack",
        planarconfig=planes,
        extrasamples=kinds,
        compression=compression,
    )
    report, result = colour(source)
    assert report.notes[0].endswith(f"kept as they are: {len(kinds)}")
    with tifffile.TiffFile(result) as file:
        assert file.pages.first.extrasamples == kinds
        found = file.asarray()
    assert (found[:, :, 3:] == np.stack(beside, 2)).all()
    assert np.abs(found[:, :, :3] @ BT601 - grey()).max() <= 1


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_a_colour_that_is_multiplied_with_its_alpha_becomes_plain(
    tmp_path: Path, colour: Colorize, compression: str | None
) -> None:
    """Breaks: one of two readers left it multiplied, but the result says that it is not."""
    alpha = np.tile(np.linspace(64, 255, 128).astype(np.uint8), (96, 1))
    multiplied = np.round(grey() * (alpha / 255)).astype(np.uint8)
    source = tmp_path / "a.tif"
    picture = np.dstack([rgb(multiplied), alpha])
    tifffile.imwrite(source, picture, photometric="rgb", extrasamples=[1], compression=compression)
    with tifffile.TiffFile(colour(source)[1]) as file:
        assert file.pages.first.extrasamples == (2,)
        assert np.abs(file.asarray()[:, :, :3] @ BT601 - grey()).max() <= 3


def test_cmyk_in_a_compression_that_libvips_lacks_is_read(tmp_path: Path, colour: Colorize) -> None:
    """Breaks: "its kind is not read here"."""
    black = np.dstack([grey() * 0] * 3 + [255 - grey()])
    luma = []
    for compression in (None, "zstd"):
        tifffile.imwrite(tmp_path / "a.tif", black, photometric="separated", compression=compression)
        luma.append(tifffile.imread(colour(tmp_path / "a.tif")[1]) @ BT601)
    assert (luma[0] == luma[1]).all()
    assert np.corrcoef(luma[0].ravel(), grey().ravel())[0, 1] > 0.99


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_page_of_infrared_is_kept(tmp_path: Path, colour: Colorize, order: str) -> None:
    """It gets no colour, and not one sample changes."""
    source = tmp_path / "a.tif"
    with tifffile.TiffWriter(source, byteorder=order) as writer:  # type: ignore[arg-type]
        writer.write(rgb(deep_grey()), photometric="rgb")
        writer.write(deep_grey()[::-1], photometric="minisblack", compression="zlib")
    report, result = colour(source)
    assert report.notes == ("page 2 kept as it is: it looks like a scanner's infrared",)
    with tifffile.TiffFile(result) as file:
        assert len(file.pages) == 2
        assert (file.pages[1].asarray() == deep_grey()[::-1]).all()


def test_two_grey_pages_both_get_colour(tmp_path: Path, colour: Colorize) -> None:
    """A second page is infrared only behind one in R'G'B'."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for samples in (grey(), grey()[::-1]):
            writer.write(samples, photometric="minisblack")
    report, result = colour(tmp_path / "a.tif")
    assert report.frames == 2
    with tifffile.TiffFile(result) as file:
        assert [page.shape[-1] for page in file.pages] == [3, 3]


def test_the_picture_below_its_thumbnail_is_coloured(tmp_path: Path, colour: Colorize) -> None:
    """Digitisation software writes the reduced copy first; such a file is no camera's raw."""
    source = tmp_path / "a.tif"
    with tifffile.TiffWriter(source) as writer:
        writer.write(grey(24, 32), photometric="minisblack", subfiletype=1, subifds=1)
        writer.write(grey(), photometric="minisblack")
    report, result = colour(source)
    assert (report.width, report.height) == (128, 96)
    assert "reduced copies of pages left out: 1" in report.notes
    assert np.abs(tifffile.imread(result) @ BT601 - grey()).max() <= 1


def test_samples_without_a_meaning_get_one_and_it_is_said(tmp_path: Path, colour: Colorize) -> None:
    """PhotometricInterpretation is missing in the files of some scanners."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(), photometric="minisblack", metadata=None)
    content = bytearray(source.read_bytes())
    first = struct.unpack("<L", content[4:8])[0]
    entries = struct.unpack("<H", content[first : first + 2])[0]
    for place in range(first + 2, first + 2 + 12 * entries, 12):
        if struct.unpack("<H", content[place : place + 2])[0] == 262:
            content[place : place + 2] = struct.pack("<H", 261)
    source.write_bytes(content)
    report, result = colour(source)
    assert "(PhotometricInterpretation); taken: black is zero" in report.notes[0]
    assert np.abs(tifffile.imread(result) @ BT601 - grey()).max() <= 1


def test_old_style_jpeg_is_refused_by_name(tmp_path: Path, colour: Colorize) -> None:
    """In tiles it was transparent once."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(), photometric="minisblack", tile=(96, 128), metadata=None)
    content = bytearray(source.read_bytes())
    place = content.index(struct.pack("<HHLH", 259, 3, 1, 1))
    content[place + 8 : place + 10] = struct.pack("<H", 6)
    source.write_bytes(content)
    with pytest.raises(UnsupportedError, match=r"old-style JPEG .*save it with Deflate"):
        colour(source)


def test_a_file_that_is_cut_off_in_a_tile_may_still_grow(tmp_path: Path, colour: Colorize) -> None:
    """It is no damage yet."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(256, 256), tile=(64, 64), photometric="minisblack")
    source.write_bytes(source.read_bytes()[:-9000])
    with pytest.raises(TruncatedError):
        colour(source)


def test_a_width_that_is_several_numbers_makes_no_sense(tmp_path: Path, colour: Colorize) -> None:
    """A damaged header ends with a sentence, whichever library reads it."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(), compression="zstd", photometric="minisblack", metadata=None)
    content = bytearray(source.read_bytes())
    place = next(at for at in range(len(content)) if content[at : at + 8] in (b"\0\1\3\0\1\0\0\0", b"\0\1\4\0\1\0\0\0"))
    content[place + 2 : place + 8] = struct.pack("<HL", 3, 2)
    source.write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.tif"):
        colour(source)


def test_masks_and_reduced_copies_are_named(tmp_path: Path, colour: Colorize) -> None:
    """A mask of 1 bit made the whole file "damaged", and the levels of a pyramid went without a word."""
    source = tmp_path / "a.tif"
    with tifffile.TiffWriter(source) as file:
        file.write(grey(), photometric="minisblack", subifds=1)
        file.write(grey()[::2, ::2], photometric="minisblack", subfiletype=1)
        file.write(grey() > 99, photometric="mask", subfiletype=4)
    report, result = colour(source)
    assert report.notes == ("reduced copies of pages left out: 1", "transparency masks left out: 1")
    with tifffile.TiffFile(result) as file:
        assert len(file.pages) == 1


def test_a_mask_alone_is_no_picture(tmp_path: Path, colour: Colorize) -> None:
    """Breaks: the file, which is whole, was said to end too early."""
    tifffile.imwrite(tmp_path / "a.tif", grey() > 99, photometric="mask")
    with pytest.raises(UnsupportedError, match="a transparency mask in it, but no picture"):
        colour(tmp_path / "a.tif")


def test_a_compression_that_nobody_reads_is_refused_by_name(tmp_path: Path, colour: Colorize) -> None:
    """It is not damage, and no name of a class of tifffile."""
    source = tmp_path / "a.tif"
    tifffile.imwrite(source, grey(), photometric="minisblack", compression="zlib")
    with tifffile.TiffFile(source, mode="r+b") as file:
        file.pages[0].tags[259].overwrite(34661)
    with pytest.raises(UnsupportedError, match=r"Unsupported compression: JBIG"):
        colour(source)


@pytest.mark.parametrize(
    ("photometric", "scale", "offset"), [("cielab", 2.55, 0), ("icclab", 2.55, 128), ("icclab", 652.8, 32768)]
)
def test_every_lab_is_read(tmp_path: Path, colour: Colorize, photometric: str, scale: float, offset: int) -> None:
    """Photoshop's Lab of 8 bits, and ICC's; they were refused."""
    lightness = np.repeat(np.linspace(5, 95, 128)[None], 96, 0)
    neutral = np.full_like(lightness, offset)
    samples = np.dstack([np.round(lightness * scale), neutral, neutral]).astype(np.uint8 if offset < 256 else np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric=photometric)
    luma = tifffile.imread(colour(tmp_path / "a.tif")[1]) @ BT601 / 65535
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(luma - expected).max() < 0.004


def write_dng(path: Path, samples: NDArray[np.generic], photometric: int) -> None:
    """Write a DNG as programs of scanners do: without the mosaic of a sensor."""
    tifffile.imwrite(
        path,
        samples,
        photometric="minisblack" if samples.ndim == 2 else "rgb",
        metadata=None,
        extratags=[(50706, 1, 4, b"\1\4\0\0", True), (50708, 2, 0, "VueScan", True)],
    )
    with tifffile.TiffFile(path, mode="r+") as file:
        file.pages.first.tags[262].overwrite(photometric)


def test_a_dng_whose_samples_are_those_of_a_tiff_is_read_as_one(tmp_path: Path, colour: Colorize) -> None:
    """Breaks: "the picture is damaged (b'Unsupported file format or not RAW file')"."""
    write_dng(tmp_path / "a.dng", deep_grey(), photometric=1)
    report, result = colour(tmp_path / "a.dng")
    assert report.suffix == ".tif"
    assert np.abs(tifffile.imread(result) @ BT601 - deep_grey()).max() <= 1


def test_a_linear_dng_of_a_scanner_is_developed(tmp_path: Path, colour: Colorize) -> None:
    """With grey or R'G'B' samples; infrared beside them would be taken for a fourth colour, and is refused by name."""
    linear, raw = ((deep_grey() / 65535) ** 2.2 * 65535).astype(np.uint16), 34892
    for samples in (linear, rgb(linear)):
        write_dng(tmp_path / "a.dng", samples, raw)
        result = tifffile.imread(colour(tmp_path / "a.dng")[1]) @ BT601
        assert np.corrcoef(result.ravel(), deep_grey().ravel())[0, 1] > 0.99
    write_dng(tmp_path / "a.dng", np.dstack([rgb(linear), linear[::-1]]), raw)
    with pytest.raises(UnsupportedError, match="infrared, perhaps"):
        colour(tmp_path / "a.dng")


@pytest.mark.parametrize("compression", [None, "zstd"])
def test_an_absurd_number_of_samples_takes_no_memory(tmp_path: Path, colour: Colorize, compression: str | None) -> None:
    """Breaks: a damaged header asked for terabytes."""
    tifffile.imwrite(tmp_path / "a.tif", grey(), photometric="minisblack", compression=compression)
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags[277].overwrite(60000)
    with pytest.raises(UnsupportedError, match="60000 samples a pixel"):
        colour(tmp_path / "a.tif")
