"""Tests of colorizer/photo/pipeline.py, through the job that the worker does."""

import io
import os
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import pyvips
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

from colorizer.engine import colorize
from colorizer.errors import MediaError, TintdError, TruncatedError, UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings, PhotoSettings
from tests.assets.pictures import deep_grey, grey, write_grey

Colorize = Callable[..., tuple[Report, Path]]
BT601 = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a file; returns the report and the result."""

    def do(
        source: Path,
        *,
        compare: bool = False,
        colours: ColourSettings | None = None,
        **photo: object,
    ) -> tuple[Report, Path]:
        settings = JobSettings(
            colour=colours or ColourSettings(weights=weights, device="cpu"),
            photo=PhotoSettings.model_validate(photo),
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
    """The luma differs by 1/255 at most at every pixel, at any size; and there is colour."""
    source = write_grey(tmp_path / name, *size)
    report, result = colour(source)
    rgb = pixels(result).reshape(*size, 3)
    assert np.abs(rgb @ BT601 - grey(*size)).max() <= 1
    assert (report.width, report.height) == size[::-1]
    assert np.ptp(rgb, axis=2).max() > 10


@pytest.mark.parametrize("quality", [50, 75, 90, 100])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_luma_of_a_jpeg_is_the_originals(tmp_path: Path, colour: Colorize, quality: int, orientation: int) -> None:
    """Sample by sample what a grey JPEG has that is made of the original at the same quality."""
    source, again, exif = tmp_path / "a.jpg", tmp_path / "again.jpg", Image.Exif()
    exif[274] = orientation
    Image.fromarray(grey(200, 300)).save(source, quality=quality, exif=exif)
    Image.open(source).save(again, quality=quality)
    with Image.open(colour(source)[1]) as result:
        result.draft("L", result.size)
        assert np.array_equal(np.asarray(result), np.asarray(Image.open(again)))


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bits_stay_sixteen(tmp_path: Path, colour: Colorize, name: str) -> None:
    """The luma of a 16-bit scan differs by one level at most."""
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
    """A result has the format and size of its original, and nearly its luma."""
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
    """The network is given the picture upright."""
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(grey(64, 96)).save(tmp_path / "upright.tif")
    Image.fromarray(np.rot90(grey(64, 96))).save(tmp_path / "turned.tif", exif=exif)
    upright = pixels(colour(tmp_path / "upright.tif")[1])
    turned = pixels(colour(tmp_path / "turned.tif")[1])
    assert np.abs(np.rot90(upright) - turned).max() <= 1


@pytest.mark.parametrize(("turn", "remedy"), [(1, "90 degrees clockwise"), (3, "90 degrees counter-clockwise")])
def test_a_picture_on_its_side_gets_the_colours_of_an_upright_one(
    tmp_path: Path, colour: Colorize, turn: int, remedy: str
) -> None:
    """With the weights that come with tintd. The result lies as the original does; report and metadata say it."""
    scene = Image.fromarray(skimage.data.camera()).resize((240, 200))
    scene.save(tmp_path / "upright.png")
    scene.rotate(90 * turn, expand=True).save(tmp_path / "side.png")
    own = ColourSettings(device="cpu")
    upright, result = colour(tmp_path / "upright.png", colours=own)
    assert not any("side" in note for note in upright.notes)
    expected = pixels(result)
    report, result = colour(tmp_path / "side.png", colours=own)
    (note,) = (note for note in report.notes if "side" in note)
    assert remedy in note
    assert f"seen turned by {remedy}".encode() in result.read_bytes()
    assert np.abs(np.rot90(expected, turn) - pixels(result)).mean() < 0.5
    kept, result = colour(tmp_path / "side.png", colours=own, turn="keep")
    assert not any("side" in note for note in kept.notes)
    assert np.abs(np.rot90(expected, turn) - pixels(result)).mean() > 1


def test_a_picture_of_two_pixels_does_not_lie_on_its_side(tmp_path: Path, colour: Colorize) -> None:
    """Enlarged to what the network sees, noise of two pixels looked like a sky beside the ground."""
    rng = np.random.default_rng(0)
    for number in range(8):
        Image.fromarray(rng.integers(0, 256, (1, 2), np.uint8)).save(tmp_path / f"{number}.png")
        report, _ = colour(tmp_path / f"{number}.png", colours=ColourSettings(device="cpu"))
        assert not any("seems to" in note for note in report.notes)


def test_the_report_names_the_page_that_is_upside_down(tmp_path: Path, colour: Colorize) -> None:
    """Each page of a TIFF is looked at by itself; an animation is never turned."""
    scene = Image.fromarray(skimage.data.camera()).resize((240, 200))
    pages = {"save_all": True, "append_images": [scene.rotate(180)]}
    scene.save(tmp_path / "pages.tif", **pages)
    scene.save(tmp_path / "moving.gif", **pages)
    own = ColourSettings(device="cpu")
    notes = [note for note in colour(tmp_path / "pages.tif", colours=own)[0].notes if "seems to" in note]
    assert len(notes) == 1
    assert notes[0].startswith("page 2 seems to be upside down")
    assert not any("seems to" in note for note in colour(tmp_path / "moving.gif", colours=own)[0].notes)


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


FADED = np.tile(np.arange(128, dtype=np.uint8), (96, 1))
"""Alpha that grows from left to right."""


def write_faded(path: Path, mode: str) -> Path:
    """Write the photograph with transparency, in one of Pillow's modes."""
    Image.merge("LA", (Image.fromarray(grey()), Image.fromarray(FADED))).convert(mode).save(path)
    return path


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.tga", "a.jp2"])
def test_transparency_is_kept(tmp_path: Path, colour: Colorize, name: str, mode: str) -> None:
    """The alpha of a result is the original's, with every decoder."""
    with Image.open(colour(write_faded(tmp_path / name, mode))[1]) as result:
        assert np.array_equal(np.asarray(result.convert("RGBA"))[..., 3], FADED)


def test_the_unused_alpha_of_a_targa_is_ignored(tmp_path: Path, colour: Colorize) -> None:
    """If its descriptor counts no bits of alpha, the fourth samples are mostly 0: the picture would be invisible."""
    source = write_faded(tmp_path / "a.tga", "RGBA")
    content = bytearray(source.read_bytes())
    content[17] &= 0xF0
    source.write_bytes(content)
    with Image.open(colour(source)[1]) as result:
        assert result.mode == "RGB"


def test_premultiplied_samples_of_a_heic_are_divided(tmp_path: Path, colour: Colorize) -> None:
    """The luma of the result is that of the picture before alpha was applied."""
    alpha = np.full((96, 128), 128, np.uint8)
    rgba = np.dstack([grey() // 2] * 3 + [alpha])
    source = tmp_path / "a.heic"
    pillow_heif.from_bytes("RGBa", (128, 96), rgba.tobytes()).save(source, quality=-1)
    rgb = np.asarray(pillow_heif.open_heif(colour(source)[1]))[..., :3].astype(float)
    assert np.abs(rgb @ BT601 - grey()).mean() < 4


def test_a_jpeg_2000_that_is_read_with_fewer_bits_says_so(tmp_path: Path, colour: Colorize) -> None:
    """Pillow reads only grey with 16 bits. The test changes the depth in the header, which Pillow accepts."""
    source = write_faded(tmp_path / "a.jp2", "LA")
    content = bytearray(source.read_bytes())
    sizes = content.index(b"\xff\x4f\xff\x51") + 4
    content[sizes + 38] = content[sizes + 41] = 15
    source.write_bytes(content)
    assert "16 bits a sample were read as 8" in colour(source)[0].notes


def test_a_pcx_without_its_palette_is_cut_off(tmp_path: Path, colour: Colorize) -> None:
    """Its decoder would take the indices of colours for grey."""
    source = tmp_path / "a.pcx"
    Image.fromarray(grey()).quantize(64).save(source)
    colour(source)
    source.write_bytes(source.read_bytes()[:-100])
    with pytest.raises(TruncatedError, match="ends too early"):
        colour(source)


def test_a_kind_of_bitmap_that_is_not_read_is_not_called_damaged(tmp_path: Path, colour: Colorize) -> None:
    """Windows CE wrote bitmaps of two bits a pixel."""
    source = write_grey(tmp_path / "a.bmp")
    content = bytearray(source.read_bytes())
    content[28:30] = struct.pack("<H", 2)
    source.write_bytes(content)
    with pytest.raises(UnsupportedError, match=r"its kind is not read here .*save it as PNG"):
        colour(source)


def test_transparency_that_a_format_cannot_hold_is_named(tmp_path: Path, colour: Colorize) -> None:
    """In a JPEG that the settings ask for, the picture lies on white."""
    report, result = colour(write_faded(tmp_path / "a.png", "LA"), format="jpeg")
    assert report.notes == ("transparency left out: JPEG has none, so the picture lies on white",)
    assert pixels(result)[:, :8].mean() > 240


def test_lossless_webp_stays_lossless(tmp_path: Path, colour: Colorize) -> None:
    """The luma differs by one level at most."""
    source = tmp_path / "a.webp"
    Image.fromarray(grey()).convert("RGB").save(source, lossless=True)
    assert np.abs(pixels(colour(source)[1]) @ BT601 - grey()).max() <= 1


def test_compare_puts_grey_beside_colour(tmp_path: Path, colour: Colorize) -> None:
    """The original is on the left, the result on the right."""
    both = pixels(colour(write_grey(tmp_path / "a.png"), compare=True)[1])
    assert both.shape == (96, 256, 3)
    assert np.array_equal(both[:, :128], np.repeat(grey()[..., None], 3, axis=2))
    assert np.ptp(both[:, 128:], axis=2).max() > 10


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.gif", "a.bmp", "a.tga", "a.jp2", "a.pgm", "a.avif"]
)
def test_a_picture_that_is_cut_off_may_still_be_growing(tmp_path: Path, colour: Colorize, name: str) -> None:
    """The error distinguishes it from a damaged one, and names the file."""
    source = write_grey(tmp_path / name)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    with pytest.raises(TruncatedError, match=name):
        colour(source)


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.gif", "a.bmp", "a.tga", "a.jp2", "a.pgm", "a.avif"]
)
@pytest.mark.parametrize("seed", range(4))
def test_damage_is_refused_or_survived(tmp_path: Path, colour: Colorize, name: str, seed: int) -> None:
    """Changed bytes give a picture or an error of tintd with one line, never another error."""
    source = write_grey(tmp_path / name)
    rng = np.random.default_rng(seed)
    content = bytearray(source.read_bytes())
    for place in rng.integers(4, len(content), 20):
        content[place] = int(rng.integers(256))
    source.write_bytes(content)
    reason = refusal(colour, source)
    assert reason is None or (name in reason and "\n" not in reason)


def refusal(colour: Colorize, source: Path) -> str | None:
    """The reason why a file is refused; None if it is not."""
    try:
        colour(source)
    except TintdError as error:
        return str(error)
    return None


def test_a_picture_over_the_limit_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """The header is enough: no pixel is read."""
    source = tmp_path / "bomb.png"
    Image.new("1", (12_000, 12_000)).save(source)
    with pytest.raises(MediaError, match="144 megapixels"):
        colour(source, max_megapixels=100)


def test_a_picture_that_is_absurdly_wide_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """Breaks: one changed byte of a header, and libvips took 8 GiB for a file of 9 KiB."""
    source = tmp_path / "wide.png"
    pyvips.Image.black(2_000_000, 2).pngsave(str(source))
    with pytest.raises(MediaError, match="2000000 x 2 pixels is too wide"):
        colour(source)


def test_a_large_picture_that_must_be_held_whole_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """An interlaced PNG cannot be read in strips; one that is not can."""
    for name, interlace in (("plain.png", False), ("interlaced.png", True)):
        pyvips.Image.black(1500, 1500).pngsave(str(tmp_path / name), interlace=interlace)
    colour(tmp_path / "plain.png", max_megapixels_whole=2)
    with pytest.raises(MediaError, match="max_megapixels_whole"):
        colour(tmp_path / "interlaced.png", max_megapixels_whole=2)


def test_a_cut_off_jpeg_is_completed_where_configured(tmp_path: Path, colour: Colorize) -> None:
    """The report says so."""
    source = write_grey(tmp_path / "a.jpg")
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    report, result = colour(source, truncated="complete")
    assert "breaks off" in report.notes[0]
    assert np.abs(pixels(result)[:30] @ BT601 - grey()[:30]).mean() < 6
    assert np.ptp(pixels(result)[-8:] @ BT601) < 10


def test_a_jpeg_that_is_damaged_in_the_middle_is_said_to_be(tmp_path: Path, colour: Colorize) -> None:
    """Its decoder goes on behind a marker that should not be there, and so does the colouring."""
    source = write_grey(tmp_path / "a.jpg")
    assert not colour(source)[0].notes
    content = bytearray(source.read_bytes())
    place = len(content) * 3 // 4
    content[place : place + 2] = b"\xff\xd3"
    source.write_bytes(content)
    report, result = colour(source)
    assert "parts of the result may be wrong" in report.notes[0]
    assert np.abs(pixels(result)[:20] @ BT601 - grey()[:20]).mean() < 6


@pytest.mark.parametrize("quality", [40, 75, 98])
def test_the_quality_of_a_jpeg_is_the_originals(tmp_path: Path, colour: Colorize, quality: int) -> None:
    """The result has the same quantisation table."""
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, quality=quality)
    tables = [Image.open(path).quantization[0] for path in (source, colour(source)[1])]  # type: ignore[attr-defined]
    assert tables[0] == tables[1]
    assert Image.open(colour(source, jpeg_quality=60)[1]).quantization[0] != tables[0]  # type: ignore[attr-defined]


def test_the_format_may_be_chosen(tmp_path: Path, colour: Colorize) -> None:
    """The report says what the format does not hold; the metadata is kept."""
    exif = Image.Exif()
    exif[271] = "Zeiss Ikon"
    source = tmp_path / "deep.tif"
    Image.fromarray(deep_grey()).save(source, tiffinfo=exif)
    report, result = colour(source, format="jpeg")
    assert (report.suffix, Image.open(result).format) == (".jpg", "JPEG")
    assert "16 bits a sample became 8 bits" in report.notes
    assert Image.open(result).getexif()[271] == "Zeiss Ikon"


def test_pages_stay_together_whatever_the_format(tmp_path: Path, colour: Colorize) -> None:
    """No page is dropped for a format that holds one page."""
    source = tmp_path / "album.tif"
    Image.fromarray(grey()).save(source, save_all=True, append_images=[Image.fromarray(grey(40, 60))])
    report, result = colour(source, format="png")
    assert report.frames == 2
    assert "no 2 pages" in report.notes[0]
    with Image.open(result) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]


def test_a_page_that_lost_its_end_is_not_dropped(tmp_path: Path, colour: Colorize) -> None:
    """A TIFF that is cut off in its second page is refused."""
    source = tmp_path / "album.tif"
    Image.fromarray(grey()).save(source, save_all=True, append_images=[Image.fromarray(grey())])
    source.write_bytes(source.read_bytes()[:-6000])
    with pytest.raises(MediaError, match=r"album\.tif"):
        colour(source)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.png", {}), ("still.png", {"default_image": True}), ("a.mpo", {"format": "MPO"}), ("a.heic", {})],
)
def test_further_pictures_that_are_left_out_are_named(
    tmp_path: Path, colour: Colorize, name: str, options: dict[str, object]
) -> None:
    """They are in animated PNGs, in HEICs, and in the files of cameras with two lenses."""
    pillow_heif.register_heif_opener()
    first, *others = (Image.fromarray(np.roll(grey(), turn)) for turn in range(4))
    source = tmp_path / name
    first.save(source, save_all=True, append_images=others, **options)
    report, result = colour(source)
    assert report.notes == ("further pictures in the file left out: 3",)
    assert getattr(Image.open(result), "n_frames", 1) == report.frames == 1


@pytest.mark.parametrize("map_of", [b"urn:mpeg:hevc:2015:auxid:2", b"urn:example:aux:hdrgainmap"])
def test_maps_that_are_left_out_are_named(tmp_path: Path, colour: Colorize, map_of: bytes) -> None:
    """Telephones store a map of depth, or of light for bright screens, where others store alpha."""
    source = tmp_path / "a.heic"
    pillow_heif.from_pillow(Image.open(write_faded(tmp_path / "a.png", "RGBA"))).save(source)
    transparency = b"urn:mpeg:hevc:2015:auxid:1"
    content = source.read_bytes()
    assert content.count(transparency) == 1
    source.write_bytes(content.replace(transparency, map_of))
    report, result = colour(source)
    assert report.notes == ("maps of depth or of light (HDR) in the file left out: 1",)
    assert pillow_heif.open_heif(result).mode == "RGB"


def test_a_tiff_that_would_be_read_wrongly_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """The error says what to do, and does not call the file damaged."""
    source = tmp_path / "a.tif"
    Image.merge("YCbCr", [Image.fromarray(grey())] * 3).save(source)
    with pytest.raises(UnsupportedError, match=r"Y'CbCr .*save it as RGB"):
        colour(source)


def test_the_preview_in_a_photograph_is_no_picture_of_its_own(tmp_path: Path, colour: Colorize) -> None:
    """Cameras add a small copy to most JPEGs (CIPA DC-007)."""
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, format="MPO", save_all=True, append_images=[Image.fromarray(grey(24, 32))])
    content = bytearray(source.read_bytes())
    first = content.index(b"\xff\xd9") + 2
    entries = content.index(struct.pack("<LL", 0x030000, first))
    content[entries + 16 : entries + 20] = struct.pack("<L", 0x010001)
    source.write_bytes(content)
    assert colour(source)[0].notes == ()


def test_directories_without_end_are_refused(tmp_path: Path, colour: Colorize) -> None:
    """A cyclic chain of pages ends with an error."""
    source = write_grey(tmp_path / "a.tif")
    content = bytearray(source.read_bytes())
    first = struct.unpack("<L", content[4:8])[0]
    entries = struct.unpack("<H", content[first : first + 2])[0]
    end = first + 2 + 12 * entries
    content[end : end + 4] = struct.pack("<L", first)
    source.write_bytes(content)
    with pytest.raises(MediaError, match="no end"):
        colour(source)


def test_a_grey_profile_is_honoured(tmp_path: Path, colour: Colorize) -> None:
    """Samples of gamma 1.8 become sRGB of the same look."""
    source = tmp_path / "a.png"
    Image.fromarray(grey()).save(source, icc_profile=grey_profile(gamma=1.8))
    linear = (grey() / 255) ** 1.8
    shown = 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert np.abs(pixels(colour(source)[1]) @ BT601 - shown).max() <= 2


def grey_profile(gamma: float) -> bytes:
    """A monochrome display profile (ICC.1:2001-04, 6.3.2)."""
    text = b"desc\0\0\0\0\0\0\0\x05grey\0".ljust(104, b"\0")
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(gamma * 256))
    table, data = struct.pack(">I", 3), b""
    for name, value in ((b"desc", text), (b"wtpt", white), (b"kTRC", curve)):
        table += name + struct.pack(">II", 128 + 4 + 36 + len(data), len(value))
        data += value
    size = struct.pack(">I", 128 + len(table) + len(data))
    head = size + b"test\x02\x10\0\0mntrGRAYXYZ ".ljust(32, b"\0") + b"acsp".ljust(32, b"\0")
    return head + struct.pack(">3i", 63190, 65536, 54061).ljust(60, b"\0")[: 128 - len(head)] + table + data


def test_another_profile_may_be_asked_for(tmp_path: Path, colour: Colorize) -> None:
    """The result contains it, and shows the same colours."""
    source = write_grey(tmp_path / "a.png")
    plain = pixels(colour(source)[1])
    result = pyvips.Image.new_from_file(str(colour(source, profile="p3")[1]))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(result.get("icc-profile-data")))
    assert "P3" in ImageCms.getProfileDescription(profile)
    assert np.abs(result.icc_transform("srgb", embedded=True).numpy() - plain).max() <= 3


def test_the_metadata_says_what_made_the_colour(tmp_path: Path, colour: Colorize) -> None:
    """The tool that made the scan is kept. `provenance: false` switches it off."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="VueScan"/>'
        b"</rdf:RDF></x:xmpmeta>"
    )
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, xmp=packet)
    with Image.open(colour(source)[1]) as image:
        packet_of_result = image.info["xmp"].decode()
    assert "tintd 0" in packet_of_result
    assert "; VueScan" in packet_of_result
    assert "algorithmicallyEnhanced" in packet_of_result
    with Image.open(colour(source, provenance=False)[1]) as image:
        assert image.info["xmp"] == packet


def test_a_grey_thumbnail_gets_colour(tmp_path: Path, colour: Colorize) -> None:
    """A viewer would show it in place of the coloured picture."""
    thumbnail = io.BytesIO()
    Image.fromarray(grey(24, 32)).save(thumbnail, "JPEG")
    image = pyvips.Image.new_from_array(grey()).copy()
    image.set_type(pyvips.GValue.blob_type, "jpeg-thumbnail-data", thumbnail.getvalue())
    source = tmp_path / "a.jpg"
    image.jpegsave(str(source))
    assert pyvips.Image.new_from_file(str(source)).get_typeof("jpeg-thumbnail-data")
    result = pyvips.Image.new_from_file(str(colour(source)[1]))
    small = np.asarray(Image.open(io.BytesIO(result.get("jpeg-thumbnail-data"))), float)
    assert np.ptp(small, axis=2).max() > 10
    assert np.abs(small @ BT601 - grey()).mean() < 6


@pytest.mark.parametrize("name", ["a,b.tif", "[page=3].tif", "\udcff.tif", "\udcff.bmp", "\udcff.pgm"])
def test_a_file_may_have_any_name(tmp_path: Path, colour: Colorize, name: str) -> None:
    """Commas, brackets and bytes that are not letters are allowed in names."""
    source = tmp_path / name
    with source.open("wb") as file:
        Image.fromarray(grey()).save(file, {".tif": "TIFF", ".bmp": "BMP", ".pgm": "PPM"}[source.suffix])
    with Image.open(colour(source)[1]) as image:
        assert np.abs(np.asarray(image, float) @ BT601 - grey()).max() <= 1


def test_a_pgm_keeps_its_white(tmp_path: Path, colour: Colorize) -> None:
    """Samples of twelve bits stay so."""
    source = tmp_path / "a.pgm"
    samples = (deep_grey() // 16).astype(">u2")
    source.write_bytes(b"P5\n# scanned\n128 96\n4095\n" + samples.tobytes())
    content = colour(source)[1].read_bytes()
    assert content.startswith(b"P6\n128 96\n4095\n")
    rgb = np.frombuffer(content[-128 * 96 * 6 :], ">u2").reshape(96, 128, 3)
    assert np.abs(rgb @ BT601 - samples).max() <= 1


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.bmp", "a.pgm"])
def test_the_umask_decides_who_may_read(tmp_path: Path, colour: Colorize, name: str) -> None:
    """Results get the permissions of any new file."""
    before = os.umask(0o027)
    try:
        _, result = colour(write_grey(tmp_path / name))
    finally:
        os.umask(before)
    assert result.stat().st_mode & 0o777 == 0o640


def test_an_error_is_about_its_own_file(tmp_path: Path, colour: Colorize) -> None:
    """Messages of libvips about other files are not repeated."""
    first, second = write_grey(tmp_path / "first.avif"), write_grey(tmp_path / "second.png")
    content = bytearray(second.read_bytes())
    content[-400:-200] = b"x" * 200
    second.write_bytes(content)
    colour(first)
    with pytest.raises(MediaError) as refused:
        colour(second)
    assert "first" not in str(refused.value)
    assert not isinstance(refused.value, TruncatedError)


def test_floating_point_keeps_its_range(tmp_path: Path, colour: Colorize) -> None:
    """White is 1, 255 or 65535, according to the samples; NaN stays NaN."""
    samples = deep_grey().astype(np.float32)
    samples[:4, :4] = np.nan
    source = tmp_path / "a.tif"
    Image.fromarray(samples).save(source)
    rgb = pixels(colour(source)[1])
    assert np.nanmax(np.abs(rgb @ BT601 - samples)) < 0.05
    assert np.isnan(rgb).any(axis=2).sum() == 16


@pytest.mark.parametrize("brightest", [1.02, 16.0, 300.0, np.inf])
def test_a_light_beyond_white_changes_no_colours(tmp_path: Path, colour: Colorize, brightest: float) -> None:
    """Raw developers and scanners write samples above a white of 1: only these stay grey."""
    samples = grey().astype(np.float32) / 255
    Image.fromarray(samples).save(tmp_path / "plain.tif")
    samples[4, 4] = brightest
    Image.fromarray(samples).save(tmp_path / "bright.tif")
    plain, bright = (pixels(colour(tmp_path / name)[1]) for name in ("plain.tif", "bright.tif"))
    plain[4, 4] = bright[4, 4] = 0
    assert np.abs(bright - plain).max() < 0.1
    assert np.abs(bright @ BT601 - plain @ BT601).max() < 1e-5


@pytest.mark.parametrize("darkening", [1, 5])
@pytest.mark.parametrize("white", [255, 65535])
def test_a_dark_picture_in_floating_point_gets_colour(
    tmp_path: Path, colour: Colorize, white: int, darkening: int
) -> None:
    """A white of 255 or 65535 is recognised by the samples, even if few of them are bright."""
    samples = grey().astype(np.float32) * white / 255 / darkening
    if darkening > 1:
        samples[:, 32:] = 0
        samples[0, 0] = white
    Image.fromarray(samples).save(tmp_path / "a.tif")
    rgb = pixels(colour(tmp_path / "a.tif")[1])
    assert np.ptp(rgb, axis=2)[samples > white / 100].mean() > white / 500


def test_a_finished_photograph_leaves_no_pages_behind(tmp_path: Path, colour: Colorize) -> None:
    """The temporary files of the pages are removed."""
    colour(write_grey(tmp_path / "a.tif"))
    assert not list((tmp_path / "workspace").iterdir())


def test_a_broken_profile_is_ignored_and_said(tmp_path: Path, colour: Colorize) -> None:
    """The picture is coloured, as other programs show it."""
    source = tmp_path / "a.jpg"
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[300:] = b"\xff" * (len(profile) - 300)
    Image.fromarray(np.repeat(grey()[:, :, None], 3, 2)).save(source, icc_profile=bytes(profile))
    report, result = colour(source)
    assert report.notes == ("its colour profile is damaged, and ignored",)
    with Image.open(source) as image:
        before = np.asarray(image, float)
    assert np.abs((pixels(result) - before) @ BT601).mean() < 2


def test_a_jpeg_without_its_end_marker_is_whole(tmp_path: Path, colour: Colorize) -> None:
    """All pixels are there; one that lacks more is still refused."""
    source = write_grey(tmp_path / "a.jpg")
    whole = source.read_bytes()
    source.write_bytes(whole[:-2])
    report, _ = colour(source)
    assert report.notes == ("the marker at the end of the file is missing; the picture is whole",)
    for lost in (5, 40):
        source.write_bytes(whole[:-lost])
        with pytest.raises(TruncatedError):
            colour(source)


def test_a_large_jpeg_without_its_end_marker_is_whole(tmp_path: Path, colour: Colorize) -> None:
    """Breaks: the bytes of the file were let go while they were decoded, and other ones lay in their place."""
    source, tones = tmp_path / "a.jpg", np.random.default_rng(0).integers(90, 160, (900, 900))
    Image.fromarray(tones.astype(np.uint8)).save(source, quality=97)
    whole = source.read_bytes()
    (tmp_path / "whole.jpg").write_bytes(whole)
    source.write_bytes(whole[:-2])
    report, result = colour(source)
    assert report.notes == ("the marker at the end of the file is missing; the picture is whole",)
    found = np.asarray(Image.open(result))
    assert np.array_equal(found, np.asarray(Image.open(colour(tmp_path / "whole.jpg")[1])))


@pytest.mark.parametrize("deep", [True, False])
def test_the_gamma_of_a_png_is_honoured(tmp_path: Path, colour: Colorize, *, deep: bool) -> None:
    """Samples in proportion to light get the curve of sRGB; those of 1/2.2 stay."""
    samples = deep_grey() if deep else grey()
    deepest = 65535 if deep else 255
    for gamma in (1.0, 1 / 2.2):
        source = tmp_path / "a.png"
        info = PngImagePlugin.PngInfo()
        info.add(b"gAMA", round(gamma * 100_000).to_bytes(4, "big"))
        Image.fromarray(samples).save(source, pnginfo=info)
        light = samples / deepest
        curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        report, result = colour(source)
        assert bool(report.notes) == (gamma == 1)
        expected = curve if gamma == 1 else light
        assert np.abs(pixels(result) @ BT601 / deepest - expected).max() < 0.004


def test_a_lossless_jpeg_is_refused_by_name(tmp_path: Path, colour: Colorize) -> None:
    """So is one of more than 8 bits."""
    source = tmp_path / "a.jpg"
    source.write_bytes(imagecodecs.ljpeg_encode(deep_grey(), bitspersample=16))
    with pytest.raises(UnsupportedError, match=r"a lossless JPEG .*save it as TIFF"):
        colour(source)
    source.write_bytes(imagecodecs.jpeg8_encode(deep_grey() >> 4, bitspersample=12))
    with pytest.raises(UnsupportedError, match=r"a JPEG of 12 bits.*save it as TIFF"):
        colour(source)


@pytest.mark.skipif(sys.platform != "linux", reason="the names of extended attributes are Linux's")
def test_tags_of_a_file_manager_are_kept(tmp_path: Path, colour: Colorize) -> None:
    """They are extended attributes, where the disk has them."""
    source = write_grey(tmp_path / "a.png")
    try:
        os.setxattr(source, "user.xdg.tags", b"family")
    except OSError:
        pytest.skip("this disk has no extended attributes")
    assert os.getxattr(colour(source)[1], "user.xdg.tags") == b"family"


def test_what_is_wrong_is_said_once_without_names_of_libvips(tmp_path: Path, colour: Colorize) -> None:
    """Its decoder's messages are separated, and their origin is left out."""
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source)
    source.write_bytes(source.read_bytes().replace(b"\xff\xc0", b"\x00\xc0", 1))  # its start of frame
    with pytest.raises(MediaError) as raised:
        colour(source)
    assert re.fullmatch(
        r"a\.jpg: the picture is damaged \(Corrupt JPEG data: [^:;]+; Invalid JPEG [^:;]+: [^:;]+\)", str(raised.value)
    )


@pytest.mark.parametrize("form", ["auto", "jpeg"])
def test_the_name_of_a_text_in_a_png_may_have_umlauts(tmp_path: Path, colour: Colorize, form: str) -> None:
    """It is Latin-1, and the copy in the same format keeps it."""
    source = tmp_path / "a.png"
    info = PngImagePlugin.PngInfo()
    info.add(b"tEXt", "Größe\0klein".encode("latin-1"))
    Image.fromarray(grey()).save(source, pnginfo=info)
    report, result = colour(source, format=form)
    assert ("Größe".encode("latin-1") in result.read_bytes()) is (form == "auto")
    assert report.notes == (() if form == "auto" else ("texts of the PNG left out: 1",))
