"""Tests of what becomes of tinted and coloured input, through the job that the worker does, on real files."""

from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageSequence

from colorizer.engine import colorize
from colorizer.errors import InColourError
from colorizer.film.decode.signal import SampleCoding, complete_tags
from colorizer.film.encode.encoder import Encoding
from colorizer.film.source_chroma import keep_chroma
from colorizer.job import Excerpt, Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings
from tests.assets.tones import (
    BT601,
    TONES,
    Picture,
    Tone,
    coloured,
    cyanotype,
    grey,
    sepia,
    toned,
    write_scenes,
)

Colorize = Callable[..., tuple[Report, Path]]


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a file; returns the report and the result."""

    def do(
        source: Path, *, encoder: str = "ffv1", excerpt: Excerpt | None = None, **detection: str
    ) -> tuple[Report, Path]:
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"),
            film=FilmSettings.model_validate({"encoder": encoder, "speed": "ultrafast", "quality": 0}),
            detection=DetectionSettings.model_validate(detection),
        )
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings, excerpt=excerpt)
        return colorize(job, lambda _done, _all: None), job.target

    return do


def write_photo(path: Path, picture: Picture) -> Path:
    """Write a photograph in the format that the name says."""
    Image.fromarray(picture).save(path)
    return path


def planes(path: Path) -> list[list[NDArray[np.int64]]]:
    """Luma, Cb and Cr of every frame."""
    with av.open(str(path)) as container:
        return [
            [torch.from_dlpack(plane).to(torch.int64).numpy() for plane in frame.planes]
            for frame in container.decode(video=0)
        ]


def has_new_colour(ours: Sequence[NDArray[np.int64]], theirs: Sequence[NDArray[np.int64]]) -> bool:
    """Whether the chroma of a frame says something else than it did."""
    return any(np.abs(our - their).max() > 10 for our, their in zip(ours[1:], theirs[1:], strict=True))


@pytest.mark.parametrize("tone", TONES)
def test_a_tinted_photograph_gets_colour_for_its_tint(tmp_path: Path, colour: Colorize, tone: Tone) -> None:
    """Its luma is that of the tinted one; its colours are those that the grey one gets."""
    tinted = toned(tone)
    luma = tinted @ BT601
    source = write_photo(tmp_path / "tinted.png", tinted)
    result = np.asarray(Image.open(colour(source)[1]), float)
    assert np.abs(result @ BT601 - luma).max() <= 1
    plain = write_photo(tmp_path / "plain.png", np.rint(luma).astype(np.uint8))
    assert np.abs(result - np.asarray(Image.open(colour(plain)[1]), float)).mean() < 2


def test_a_photograph_in_colour_is_left_alone(tmp_path: Path, colour: Colorize) -> None:
    """By default, and the reason says so."""
    source = write_photo(tmp_path / "a.jpg", coloured("coffee"))
    with pytest.raises(InColourError, match=r"a\.jpg: already in colour"):
        colour(source)
    assert not (tmp_path / "result").exists()


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P"])
def test_colour_is_found_however_it_is_stored(tmp_path: Path, colour: Colorize, mode: str) -> None:
    """Inks, transparency and palettes."""
    source = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(coloured("coffee")).convert(mode).save(source)
    with pytest.raises(InColourError):
        colour(source)


def test_a_photograph_in_colour_is_copied_where_configured(tmp_path: Path, colour: Colorize) -> None:
    """Byte for byte, with a note."""
    source = write_photo(tmp_path / "a.jpg", coloured("coffee"))
    report, result = colour(source, coloured="copy")
    assert result.read_bytes() == source.read_bytes()
    assert (report.suffix, report.width, report.height) == (".jpg", 192, 192)
    assert report.notes == ("already in colour: copied as it is",)


@pytest.mark.parametrize("detection", [{"coloured": "recolour"}, {"input": "grey"}])
def test_a_photograph_in_colour_is_coloured_anew_where_configured(
    tmp_path: Path, colour: Colorize, detection: dict[str, str]
) -> None:
    """With its luma, and colours that are not its own."""
    picture = coloured("coffee")
    _, result = colour(write_photo(tmp_path / "a.png", picture), **detection)
    samples = np.asarray(Image.open(result), float)
    assert np.abs(samples @ BT601 - picture @ BT601).max() <= 1
    assert np.abs(samples - picture).mean() > 10


@pytest.mark.parametrize("name", ["a.heic", "a.ppm", "a.tif", "float.tif"])
def test_deep_and_odd_samples_are_judged_by_their_white(tmp_path: Path, colour: Colorize, name: str) -> None:
    """16 bits, a white of 1000, and numbers up to 1."""
    pyvips = pytest.importorskip("pyvips")
    picture, source = coloured("coffee").astype(float) / 255, tmp_path / name
    deep = np.rint(picture * (1000 if name == "a.ppm" else 65535)).astype(np.uint16)
    if name == "a.heic":
        heif = pytest.importorskip("pillow_heif")
        heif.from_bytes("RGB;16", (192, 192), deep.tobytes()).save(source)
    elif name == "a.ppm":
        source.write_bytes(b"P6 192 192 1000\n" + deep.astype(">u2").tobytes())
    else:
        samples = picture.astype(np.float32) if name == "float.tif" else deep
        look = "scrgb" if name == "float.tif" else "rgb16"
        pyvips.Image.new_from_array(samples).copy(interpretation=look).write_to_file(str(source))
    with pytest.raises(InColourError):
        colour(source)
    grey_one = write_photo(tmp_path / "grey.png", toned(grey))
    assert colour(grey_one)[0].notes == ()


def test_each_page_counts_for_itself(tmp_path: Path, colour: Colorize) -> None:
    """A file is left alone if all of its pages are in colour; otherwise these keep it, and the others get some."""
    inside, scan = (Image.fromarray(picture) for picture in (coloured("coffee"), toned(grey)))
    inside.save(tmp_path / "all.tif", save_all=True, append_images=[inside])
    with pytest.raises(InColourError):
        colour(tmp_path / "all.tif")
    inside.save(tmp_path / "some.tif", save_all=True, append_images=[scan, scan])
    report, result = colour(tmp_path / "some.tif")
    assert report.notes[0] == "1 of 3 pages was in colour, and kept it"
    with Image.open(result) as pages:
        first, second = (np.asarray(page) for page in ImageSequence.all_frames(pages)[:2])
    assert np.array_equal(first, np.asarray(inside))
    assert np.ptp(second, axis=2).mean() > 2


def mounted(picture: Picture, colour: tuple[int, int, int], edge: int = 30) -> Picture:
    """A picture on card."""
    scan = np.pad(picture, ((edge, edge), (edge, edge), (0, 0)))
    outside = np.pad(np.zeros(picture.shape[:2]), edge, constant_values=1).astype(bool)
    scan[outside] = colour
    return scan


def test_what_is_coloured_around_a_grey_picture_keeps_its_colour(tmp_path: Path, colour: Colorize) -> None:
    """The picture gets the colours that it gets alone."""
    picture, green = toned(grey), (60, 90, 60)
    report, result = colour(write_photo(tmp_path / "mounted.png", mounted(picture, green)))
    assert report.notes == ("what lies around the picture kept its colour",)
    shown = np.array(Image.open(result), float)
    alone = np.asarray(Image.open(colour(write_photo(tmp_path / "alone.png", picture))[1]), float)
    assert np.abs(shown[31:-31, 31:-31] - alone[1:-1, 1:-1]).mean() < 3
    shown[28:-28, 28:-28] = green
    assert np.abs(shown - green).max() <= 1


def test_a_print_in_colour_on_card_is_in_colour(tmp_path: Path, colour: Colorize) -> None:
    """Whatever lies around it."""
    with pytest.raises(InColourError):
        colour(write_photo(tmp_path / "a.png", mounted(coloured("coffee"), (60, 90, 60))))


@pytest.mark.parametrize("edge", [(0, 0, 0), (255, 255, 255)])
def test_a_border_changes_no_colour(tmp_path: Path, colour: Colorize, edge: tuple[int, int, int]) -> None:
    """The network does not see a scan's black or white border, which stays neutral."""
    picture = toned(grey, "chelsea")
    shown = np.array(Image.open(colour(write_photo(tmp_path / "a.png", mounted(picture, edge, 50)))[1]), float)
    alone = np.asarray(Image.open(colour(write_photo(tmp_path / "alone.png", picture))[1]), float)
    assert np.abs(shown[50:-50, 50:-50] - alone).mean() < 3
    shown[50:-50, 50:-50] = edge
    assert np.abs(shown - edge).max() <= 1


def test_a_stain_is_said(tmp_path: Path, colour: Colorize) -> None:
    """It could be an object in colour as well: the report says what it was taken for."""
    picture = toned(grey).astype(float)
    y, x = np.mgrid[:192, :192]
    picture[(y - 60) ** 2 + (x - 120) ** 2 < 30**2] *= (1, 0.8, 0.5)
    report, _ = colour(write_photo(tmp_path / "a.png", picture.astype(np.uint8)))
    assert report.notes == (
        "it has some colour (a stain, an object, or what has faded); it was taken for black and white",
    )


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_an_animation_is_judged_by_all_its_frames(tmp_path: Path, colour: Colorize, name: str) -> None:
    """In colour it is left alone; in grey it is not."""
    for picture, folder in ((coloured("coffee"), "coloured"), (toned(grey), "grey")):
        (tmp_path / folder).mkdir()
        frames = [Image.fromarray(np.roll(picture, 10 * step, axis=1)) for step in range(3)]
        frames[0].save(tmp_path / folder / name, save_all=True, append_images=frames[1:])
    with pytest.raises(InColourError) as found:
        colour(tmp_path / "coloured" / name)
    assert found.value.frames == 3
    assert colour(tmp_path / "grey" / name)[0].frames == 3


def test_sixteen_bits_of_sepia_keep_their_luma(tmp_path: Path, colour: Colorize) -> None:
    """It is computed once, at 16 bits."""
    pyvips = pytest.importorskip("pyvips")
    deep = np.rint(sepia(coloured("astronaut") @ BT601 / 255).clip(0, 1) * 65535).astype(np.uint16)
    source = tmp_path / "deep.png"
    pyvips.Image.new_from_array(deep).copy(interpretation="rgb16").write_to_file(str(source))
    result = pyvips.Image.new_from_file(str(colour(source)[1])).numpy().astype(float)
    assert np.abs(result @ BT601 - deep @ BT601).max() <= 1


@pytest.mark.parametrize("tone", [sepia, cyanotype])
def test_a_tinted_film_gets_colour_for_its_tint(tmp_path: Path, colour: Colorize, tone: Tone) -> None:
    """Its luma stays, bit for bit."""
    source = write_scenes(tmp_path / "film.mkv", toned(tone), toned(tone, "rocket"))
    report, result = colour(source)
    for ours, theirs in zip(planes(result), planes(source), strict=True):
        assert np.array_equal(ours[0], theirs[0])
        assert has_new_colour(ours, theirs)
    assert report.notes == ()


@pytest.mark.parametrize("kind", ["noise", "cross colour", "logo"])
def test_an_old_tape_is_no_film_in_colour(tmp_path: Path, colour: Colorize, kind: str) -> None:
    """Chroma noise and cross colour vanish in the mean of a shot; a channel's logo is said."""
    rng, scenes = np.random.default_rng(0), []
    for number in range(15):
        picture = toned(grey).astype(float)
        if kind == "noise":
            picture += np.kron(rng.normal(0, 8, (48, 48, 3)), np.ones((4, 4, 1)))
        elif kind == "cross colour":
            picture += np.cos(np.arange(192) * 1.7 + number * np.pi)[:, None] * (12, -8, 12)
        else:
            picture[10:34, 150:182] = (230, 40, 40)
        scenes.append(picture.clip(0, 255).astype(np.uint8))
    report, _ = colour(write_scenes(tmp_path / "film.mkv", *scenes, frames=1, pixels="yuv444p"))
    said = ("15 of 15 frames have some colour (a logo, or an object); they were taken for black and white",)
    assert report.notes == (said if kind == "logo" else ())


def test_a_film_in_colour_is_left_alone(tmp_path: Path, colour: Colorize) -> None:
    """By default; a title and darkness in it change nothing."""
    title = np.zeros((192, 192, 3), np.uint8)
    title[90:100, 40:150] = 255
    source = write_scenes(tmp_path / "film.mkv", title, coloured("coffee"), title, coloured("astronaut"), 0 * title)
    with pytest.raises(InColourError, match=r"film\.mkv: already in colour"):
        colour(source)


def test_a_film_in_colour_is_copied_where_configured(tmp_path: Path, colour: Colorize) -> None:
    """Byte for byte."""
    source = write_scenes(tmp_path / "film.mkv", coloured("coffee"))
    report, result = colour(source, coloured="copy")
    assert result.read_bytes() == source.read_bytes()
    assert (report.suffix, report.frames) == (".mkv", 15)


def test_copying_is_progress(tmp_path: Path, weights: Path) -> None:
    """A large film is copied block by block, and each counts as progress: the service stops a silent job."""
    source = write_scenes(tmp_path / "film.avi", coloured("coffee"), frames=60, codec="rawvideo")
    detection = DetectionSettings.model_validate({"coloured": "copy"})
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"), detection=detection)
    told: list[tuple[int, int]] = []
    colorize(
        Job(source, tmp_path / "result", tmp_path / "workspace", settings),
        lambda done, every: told.append((done, every)),
    )
    assert told.count((60, 60)) == 4, "it has more than 3 MiB"
    assert (tmp_path / "result").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le"])
def test_a_mixed_film_is_decided_scene_by_scene(tmp_path: Path, colour: Colorize, pixels: str) -> None:
    """The scenes in colour keep every sample; the grey and the tinted ones get colour and keep their luma."""
    scenes = (toned(grey), coloured("coffee"), toned(sepia, "rocket"), coloured("astronaut"))
    source = write_scenes(tmp_path / "film.mkv", *scenes, pixels=pixels)
    report, result = colour(source)
    both = list(zip(planes(result), planes(source), strict=True))
    assert len(both) == 60
    for number, (ours, theirs) in enumerate(both):
        assert np.array_equal(ours[0], theirs[0])
        if number // 15 % 2:
            assert all(map(np.array_equal, ours, theirs)), number
        else:
            assert has_new_colour(ours, theirs), number
    assert report.notes == ("30 of 60 frames were in colour, and kept it",)


@pytest.mark.parametrize("to_colour", [True, False])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le"])
def test_a_dissolve_between_grey_and_colour_has_no_jump(
    tmp_path: Path, colour: Colorize, pixels: str, *, to_colour: bool
) -> None:
    """The new colour of one scene goes as the own colour of the other comes, and the luma stays."""
    shares = np.concatenate((np.zeros(16), np.linspace(0, 1, 22)[1:-1], np.ones(16)))
    one, other = toned(grey, height=96, width=96).astype(float), coloured("coffee", 96, 96)
    mixed = [(one + (other - one) * share).astype(np.uint8) for share in (shares if to_colour else shares[::-1])]
    source = write_scenes(tmp_path / "film.mkv", *mixed, frames=1, pixels=pixels)
    report, result = colour(source)
    ours, theirs = planes(result), planes(source)
    assert all(np.array_equal(our[0], their[0]) for our, their in zip(ours, theirs, strict=True))
    chroma = np.array([np.stack(frame[1:]) for frame in ours])
    steps = np.abs(np.diff(chroma, axis=0)).mean(axis=(1, 2, 3))
    assert steps.max() < 3 * np.abs(chroma[-1] - chroma[0]).mean() / 20
    for our, their in list(zip(ours, theirs, strict=True))[slice(-12, None) if to_colour else slice(12)]:
        assert all(map(np.array_equal, our, their))
    assert "1 dissolve between grey and colour: both are mixed" in report.notes


@pytest.mark.parametrize(("codec", "pixels"), [("mjpeg", "yuvj422p"), ("rawvideo", "yuyv422"), ("ffv1", "bgr0")])
def test_colour_is_kept_as_far_as_the_encoder_can_hold_it(
    tmp_path: Path, colour: Colorize, codec: str, pixels: str
) -> None:
    """In another pixel format, the chroma of a coloured scene is the original's to a few levels."""
    source = write_scenes(tmp_path / "film.mkv", coloured("coffee"), toned(grey), codec=codec, pixels=pixels)
    _, result = colour(source, encoder="h264")
    with av.open(str(source)) as theirs, av.open(str(result)) as ours:
        frames = zip(ours.decode(video=0), theirs.decode(video=0), strict=True)
        for our, their in list(frames)[:15]:
            shown = our.to_ndarray(format="rgb24").astype(int) - their.to_ndarray(format="rgb24")
            assert np.abs(shown).mean() < 4


def test_a_piece_of_a_mixed_film_counts_for_itself(tmp_path: Path, colour: Colorize) -> None:
    """Whatever the rest of the film is."""
    source = write_scenes(tmp_path / "film.mkv", toned(grey), coloured("coffee"))
    with pytest.raises(InColourError):
        colour(source, excerpt=Excerpt(start=0.6))


def test_a_mixed_film_is_coloured_throughout_where_configured(tmp_path: Path, colour: Colorize) -> None:
    """`input: grey` believes nobody."""
    source = write_scenes(tmp_path / "film.mkv", toned(grey), coloured("coffee"))
    _, result = colour(source, input="grey")
    assert all(has_new_colour(*frames) for frames in zip(planes(result), planes(source), strict=True))


def test_fields_keep_their_own_chroma() -> None:
    """Lines of 4:2:2 become lines of 4:2:0 of the same field."""
    frame = av.VideoFrame(16, 16, "yuv422p")
    for plane, value in zip(frame.planes, (100, 90, 180), strict=True):
        samples = torch.from_dlpack(plane)
        samples[0::2], samples[1::2] = value, value + 20
    coding = SampleCoding(depth=8, tags=complete_tags(frame, 16, full=False))
    kept = keep_chroma(
        frame, torch.from_dlpack(frame.planes[0]), coding, Encoding("libx264", "yuv420p", interlaced=True)
    )
    for plane, value in zip(kept.planes[1:], (90, 180), strict=True):
        samples = torch.from_dlpack(plane)
        assert samples[0::2].unique().tolist() == [value]
        assert samples[1::2].unique().tolist() == [value + 20]
