"""Tests of colorizer/film/plan.py, through the job that the worker does, on real films."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.engine import colorize, open_colorist
from colorizer.errors import InColourError, NegativeError
from colorizer.film import plan
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.scenes import Scenes
from colorizer.job import Job
from colorizer.model.colorist import Colorist
from colorizer.model.upright import Pose
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings, WorkingSize
from tests.assets.films import Film, write_film
from tests.assets.tones import Picture, coloured, grey, sepia, toned, write_scenes

MakeJob = Callable[[Path], Job]


@pytest.fixture
def job(tmp_path: Path, weights: Path) -> MakeJob:
    """Makes the job of a film, whose result has the luma of the original."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings.model_validate({"encoder": "ffv1", "speed": "ultrafast"}),
    )
    return lambda source: Job(source, tmp_path / "result", tmp_path / "workspace", settings)


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the films that were looked through, frame by frame."""
    names: list[str] = []
    find = plan.find_scenes

    def spied(frames: Iterable[Frame], info: FilmInfo, colorist: Colorist) -> Scenes:
        names.append(info.path.name)
        return find(frames, info, colorist)

    monkeypatch.setattr(plan, "find_scenes", spied)
    return names


def chroma(path: Path) -> list[NDArray[np.int64]]:
    """Cb of each frame."""
    with av.open(str(path)) as container:
        return [torch.from_dlpack(frame.planes[1]).to(torch.int64).numpy() for frame in container.decode(video=0)]


def keeps_chroma(result: Path, source: Path) -> list[bool]:
    """Whether each frame has the chroma that it had."""
    return [np.array_equal(*both) for both in zip(chroma(result), chroma(source), strict=True)]


def reels(*parts: tuple[Picture, int]) -> list[Picture]:
    """A picture for each frame: so many of the first, so many of the second, and so on."""
    return [picture for picture, frames in parts for _ in range(frames)]


def test_a_film_on_its_side_gets_the_colours_of_an_upright_one(tmp_path: Path) -> None:
    """With the weights that come with tintd. Luma and shape stay; the report says it; `turn: keep` switches it off."""
    scene = np.repeat(skimage.data.camera()[::2, ::2, None], 3, axis=2)[20:220]
    results = {}
    for name, turn, setting in (("upright", 0, "auto"), ("side", 1, "auto"), ("kept", 1, "keep")):
        film = FilmSettings.model_validate({"encoder": "ffv1", "turn": setting})
        settings = JobSettings(colour=ColourSettings(device="cpu"), film=film)
        source = write_scenes(tmp_path / f"{name}.mkv", np.rot90(scene, turn).copy(), pixels="yuv444p", frames=5)
        wanted = Job(source, tmp_path / f"{name}-result", tmp_path / f"{name}-workspace", settings)
        report = colorize(wanted, lambda _done, _all: None)
        assert any("the film seems to lie on its side" in note for note in report.notes) == (name == "side")
        results[name] = np.stack(chroma(wanted.target))
    expected = np.rot90(results["upright"], 1, (1, 2))
    assert np.abs(results["side"] - expected).mean() < 1
    assert np.abs(results["kept"] - expected).mean() > 1


def test_a_film_that_is_a_negative_is_left_alone(tmp_path: Path) -> None:
    """It is known by frames of all of it, before any is coloured."""
    scene = 255 - np.repeat(skimage.data.camera()[::2, ::2, None], 3, axis=2)
    source = write_scenes(tmp_path / "film.mkv", scene, frames=5)
    settings = JobSettings(colour=ColourSettings(device="cpu"))
    with pytest.raises(NegativeError, match=r"film\.mkv: it looks like a negative"):
        colorize(Job(source, tmp_path / "result", tmp_path / "workspace", settings), lambda _done, _all: None)


def test_the_positive_of_a_film_is_coloured(tmp_path: Path) -> None:
    """Its tones are those of the scenes in all frames; the report and the metadata say so."""
    scene = np.repeat(skimage.data.camera()[::2, ::2, None], 3, axis=2)
    source = write_scenes(tmp_path / "film.mkv", 255 - scene, frames=5)
    settings = JobSettings(
        colour=ColourSettings(device="cpu"),
        detection=DetectionSettings(negatives="invert"),
        film=FilmSettings(encoder="ffv1"),
    )
    wanted = Job(source, tmp_path / "result", tmp_path / "workspace", settings)
    report = colorize(wanted, lambda _done, _all: None)
    assert any(note.startswith("the film looks like a negative, and its positive") for note in report.notes)
    with av.open(str(wanted.target)) as container:
        assert "inverted from a negative" in str(container.metadata)
        luma = [frame.to_ndarray(format="gray").ravel() for frame in container.decode(video=0)]
    assert [np.corrcoef(one, scene[..., 0].ravel())[0, 1] > 0.98 for one in luma] == [True] * 5
    assert all(np.ptp(one) > 50 for one in chroma(wanted.target))


@pytest.mark.parametrize(("negatives", "pixels"), [("skip", "yuv420p"), ("invert", "yuv420p"), ("invert", "bgr0")])
def test_a_negative_in_colour_counts_as_a_film_in_colour(tmp_path: Path, negatives: str, pixels: str) -> None:
    """As a photograph does, so that `detection.coloured` says what becomes of it."""
    source = write_scenes(tmp_path / "film.mkv", 255 - coloured("astronaut", 256, 256), frames=5, pixels=pixels)
    detection = DetectionSettings.model_validate({"negatives": negatives})
    settings = JobSettings(colour=ColourSettings(device="cpu"), detection=detection)
    with pytest.raises(InColourError):
        colorize(Job(source, tmp_path / "result", tmp_path / "workspace", settings), lambda _done, _all: None)


def test_a_negative_with_a_scene_in_colour_is_not_inverted(tmp_path: Path) -> None:
    """Breaks: a scene of which no frame is sampled (0, 12, 24, 48, 60 and 72 are) got the inverse of its luma."""
    scene = 255 - np.repeat(skimage.data.camera()[::2, ::2, None], 3, axis=2)
    other = 255 - coloured("astronaut", 256, 256)
    source = write_scenes(tmp_path / "film.mkv", *[scene] * 3, other, *[scene] * 4, frames=12)
    detection = DetectionSettings(negatives="invert")
    settings = JobSettings(colour=ColourSettings(device="cpu"), detection=detection)
    with pytest.raises(NegativeError, match=r"a negative with scenes in colour, which .*; if it is none, set"):
        colorize(Job(source, tmp_path / "result", tmp_path / "workspace", settings), lambda _done, _all: None)


@pytest.mark.parametrize("size", ["auto", "native", 96])
def test_the_pose_of_a_film_is_seen_at_the_size_of_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: WorkingSize
) -> None:
    """Breaks: at `native`, 16 frames in 4K went five times through the network before the first was coloured."""
    seen: list[int] = []
    pose_of = Colorist.common_pose

    def spied(self: Colorist, luma: Sequence[Tensor]) -> Pose:
        seen.extend(min(one.shape[-2:]) for one in luma)
        return pose_of(self, luma)

    monkeypatch.setattr(Colorist, "common_pose", spied)
    scene = 255 - np.repeat(skimage.data.camera()[:, :, None], 3, axis=2)
    source = write_scenes(tmp_path / "film.mkv", scene, frames=5)
    settings = JobSettings(colour=ColourSettings(device="cpu", working_size=size))
    wanted = Job(source, tmp_path / "result", tmp_path / "workspace", settings)
    with pytest.raises(NegativeError):
        colorize(wanted, lambda _done, _all: None)
    assert set(seen) == {open_colorist(ColourSettings(device="cpu")).extent(512, 512)[0]}


def test_a_film_without_chroma_is_not_looked_through(job: MakeJob, tmp_path: Path, searched: list[str]) -> None:
    """A few frames show that its chroma is constant; a toned film is looked through."""
    for name, tone in (("grey.mkv", grey), ("toned.mkv", sepia)):
        colorize(job(write_scenes(tmp_path / name, toned(tone))), lambda _done, _all: None)
    assert searched == ["toned.mkv"]


def test_colour_that_comes_late_is_found_before_the_first_frame_is_coloured(
    job: MakeJob, tmp_path: Path, searched: list[str]
) -> None:
    """The plan samples key frames of the whole film: no frame is coloured before it is complete."""
    pictures = (toned(grey), toned(grey, "rocket"), coloured("coffee"))
    source = write_scenes(tmp_path / "film.mp4", *pictures, frames=40, codec="libx264")
    told: list[int] = []
    wanted = job(source)
    report = colorize(wanted, lambda done, _all: told.append(done))
    assert searched == ["film.mp4"]
    assert told == sorted(told)
    assert keeps_chroma(wanted.target, source) == [False] * 80 + [True] * 40
    assert report.notes == ("40 of 120 frames were in colour, and kept it",)


def test_colour_between_the_samples_costs_no_finished_segment(
    job: MakeJob, tmp_path: Path, searched: list[str]
) -> None:
    """Five frames in colour, which no sample meets: the segment before them is kept, and they keep their chroma."""
    shots = ((toned(grey), 24), (toned(grey, "rocket"), 75), (coloured("coffee"), 5), (toned(grey), 42))
    source = write_scenes(tmp_path / "film.mkv", *reels(*shots), frames=1, rate=1)
    told: list[int] = []
    wanted = job(source)
    report = colorize(wanted, lambda done, _all: told.append(done))
    assert searched == ["film.mkv"]
    last_search = len(told) - told[::-1].index(0)
    assert told[last_search] == 24
    assert keeps_chroma(wanted.target, source) == [False] * 99 + [True] * 5 + [False] * 42
    assert report.notes == ("5 of 146 frames were in colour, and kept it",)


def test_a_segment_made_before_colour_was_found_is_made_anew(
    job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments are joined only if they keep the chroma of the frames that the scenes name; here the first does not."""
    shots = ((coloured("coffee"), 12), (toned(grey), 12), (toned(grey, "rocket"), 12))
    source = write_scenes(tmp_path / "film.mkv", *reels(*shots), frames=1, rate=1)
    wanted = job(source)
    with monkeypatch.context() as blind:
        blind.setattr(plan, "has_chroma", lambda _pixels: False)
        colorize(wanted, lambda _done, _all: None)
    assert keeps_chroma(wanted.target, source) == [False] * 36
    told: list[int] = []
    colorize(wanted, lambda done, _all: told.append(done))
    assert keeps_chroma(wanted.target, source) == [True] * 12 + [False] * 24


def test_a_film_is_probed_once(job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is opened to be probed, sampled for colour, sampled for its scan, decoded, and for packets of sound."""
    opened: list[str] = []
    open_file = av.open

    def spied(file: object, *arguments: object, **keywords: object) -> object:
        opened.append(str(file))
        return open_file(file, *arguments, **keywords)  # type: ignore[call-overload]

    monkeypatch.setattr(av, "open", spied)
    for name, pixels, codec, sounds in (("a.mkv", "yuv420p", "libx264", ("aac",)), ("b.mkv", "gray", "ffv1", ())):
        colorize(job(write_film(tmp_path / name, Film(pixels=pixels, codec=codec, sounds=sounds))), lambda _a, _b: None)
    assert opened.count(f"file:{tmp_path / 'a.mkv'}") == 5
    assert opened.count(f"file:{tmp_path / 'b.mkv'}") == 4


@pytest.mark.parametrize("suffix", [".vob", ".ts"])
def test_a_film_is_read_through_once(tmp_path: Path, job: MakeJob, suffix: str) -> None:
    """Another attempt at a disc on a slow share knows its streams at once."""
    source = write_film(tmp_path / f"film{suffix}", Film(frames=4, codec="mpeg2video", sounds=("mp2",)))
    source.write_bytes(source.read_bytes() * (10_000_000 // source.stat().st_size))
    told: list[float] = []
    first = plan.probe_wanted(job(source), told.append)
    assert told
    told.clear()
    assert plan.probe_wanted(job(source), told.append) == first
    assert told == []
