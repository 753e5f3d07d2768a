"""Promise 3: a film that was interrupted goes on from its last finished segment, and ends up the same."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import pytest
from torch import Tensor

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.model.colorist import Colorist
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.films import Film, write_film
from tests.assets.sequences import write_frames
from tests.assets.tones import coloured, grey, toned, write_scenes

pytestmark = pytest.mark.usefixtures("forked_workers")

LONG = Film(
    frames=44,
    rate=1,
    pts=tuple(450_000 * number for number in range(44)),
    sounds=("aac",),
    options={"g": "5", "bf": "2", "preset": "ultrafast"},
)
"""Minutes long, in few frames: four segments."""
KILLED = 30
"""A frame in the third of them."""


def job(root: Path, source: Path, weights: Path) -> Job:
    """A film to colour, in a folder of its own."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings(encoder="h264", speed="ultrafast"),
        sequences="1/5",
    )
    root.mkdir(exist_ok=True)
    return Job(source, root / "result", root / "workspace", settings)


def colour_and_die(wanted: Job, frame: int, segments: int) -> None:
    """Colour a film as far as a frame, and be killed there once that many segments are finished."""

    def die(done: int, _all: int) -> None:
        if done == frame:
            while len(records(wanted)) < segments:  # a segment is finished while the next is encoded
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

    colorize(wanted, die)


def records(wanted: Job) -> list[Path]:
    """The records of the segments that are finished."""
    return sorted(wanted.workspace.glob("segment-*.json"))


def interrupt(wanted: Job, frame: int, segments: int = 2) -> list[Path]:
    """What a process leaves that is killed (-9) at a frame, in the segment after so many."""
    process = multiprocessing.get_context("spawn").Process(target=colour_and_die, args=(wanted, frame, segments))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return records(wanted)


@dataclass
class Asked:
    """How many frames the network was asked about."""

    frames: int = 0


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """Counts what passes through the real network."""
    counted, colours = Asked(), Colorist.colours

    def count(self: Colorist, luma: Tensor) -> Tensor:
        counted.frames += len(luma)
        return colours(self, luma)

    monkeypatch.setattr(Colorist, "colours", count)
    return counted


def streams(path: Path) -> dict[int, list[tuple[int | None, int | None, bytes]]]:
    """Every packet of a film, with its times."""
    found: dict[int, list[tuple[int | None, int | None, bytes]]] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.size:
                found.setdefault(packet.stream.index, []).append((packet.pts, packet.dts, bytes(packet)))
    return found


def decoded_at(monkeypatch: pytest.MonkeyPatch) -> list[int | None]:
    """Where decoding was begun: at a timestamp that was sought, or (None) at the beginning."""
    from colorizer.film import resume  # noqa: PLC0415

    begun: list[int | None] = []
    read: Callable[..., object] = resume.read_frames

    def note(*arguments: object, since: int | None = None, **keywords: object) -> object:
        begun.append(since)
        return read(*arguments, since=since, **keywords)

    monkeypatch.setattr(resume, "read_frames", note)
    return begun


@pytest.mark.parametrize(
    ("name", "sought"),
    [("film.mp4", True), ("film.mkv", True), ("film.ts", False), ("#.png", True)],
)
def test_a_killed_film_goes_on_from_its_last_segment(
    tmp_path: Path, weights: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch, name: str, *, sought: bool
) -> None:
    """Breaks: kill -9 in the middle of the third segment. Same packets, times and sound as without it."""
    film = replace(LONG, sounds=()) if name.endswith("ts") else LONG
    source = tmp_path / name
    if name == "#.png":
        write_frames(tmp_path, "{:03}.png", range(LONG.frames), "gray")
    else:
        write_film(source, film)
    whole = job(tmp_path / "whole", source, weights)
    colorize(whole, lambda _done, _all: None)
    segments, all_frames = len(list(whole.workspace.glob("segment-*.json"))), asked.frames

    broken = job(tmp_path / "broken", source, weights)
    assert len(interrupt(broken, KILLED)) == 2 < segments
    asked.frames = 0
    begun = decoded_at(monkeypatch)
    told: list[int] = []
    colorize(broken, lambda done, _all: told.append(done))

    assert asked.frames < all_frames / 2
    assert told[0] == 24
    assert (begun[0] is not None) == sought
    assert (len(begun) == 1) or not sought
    assert streams(broken.target) == streams(whole.target)


@pytest.mark.parametrize("name", ["film.ts", "film.mkv"])
def test_frames_that_are_passed_over_are_told(tmp_path: Path, weights: Path, name: str) -> None:
    """Breaks: an error in a film that cannot be sought, or has one key frame. A job that is silent would be stopped."""

    def fail(done: int, _all: int) -> None:
        if done == KILLED:
            raise InterruptedError

    alone = {"g": "1000", "sc_threshold": "0"}
    source = write_film(tmp_path / name, replace(LONG, sounds=(), options=LONG.options | alone))
    broken = job(tmp_path / "broken", source, weights)
    with pytest.raises(InterruptedError):
        colorize(broken, fail)
    told: list[int] = []
    colorize(broken, lambda done, _all: told.append(done))
    assert told.count(24) > 10
    assert told == sorted(told)


def test_a_film_is_not_joined_with_segments_of_another_kind(tmp_path: Path, weights: Path, asked: Asked) -> None:
    """Breaks: the settings are changed between kill and resume. Everything is coloured anew."""
    source = write_film(tmp_path / "film.mkv", LONG)
    before = job(tmp_path / "root", source, weights)
    interrupt(before, KILLED)
    vivid = before.settings.colour.model_copy(update={"vividness": 0.1})
    after = Job(source, before.target, before.workspace, before.settings.model_copy(update={"colour": vivid}))
    colorize(after, lambda _done, _all: None)
    assert asked.frames >= LONG.frames / 8


def test_a_mixed_film_is_looked_through_once(tmp_path: Path, weights: Path, asked: Asked) -> None:
    """Breaks: kill -9 in the last, coloured scene of a film of two kinds. It goes on there, with the same packets."""
    scenes = (toned(grey), coloured("coffee"), toned(grey, "rocket"), coloured("astronaut"))
    source = write_scenes(tmp_path / "film.mkv", *scenes, frames=11, rate=1)
    whole = job(tmp_path / "whole", source, weights)
    colorize(whole, lambda _done, _all: None)
    broken = job(tmp_path / "broken", source, weights)
    assert len(interrupt(broken, 40, segments=3)) == 3
    asked.frames = 0
    told: list[int] = []
    report = colorize(broken, lambda done, _all: told.append(done))
    assert asked.frames == 0
    assert told[0] == 33
    assert report.notes == ("22 of 44 frames were in colour, and kept it",)
    assert streams(broken.target) == streams(whole.target)


def test_seeking_that_lands_elsewhere_is_noticed(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks: the frames at the edge are not those that were there. Decoding starts at the beginning instead."""
    source = write_film(tmp_path / "film.mkv", LONG)
    whole = job(tmp_path / "whole", source, weights)
    colorize(whole, lambda _done, _all: None)
    broken = job(tmp_path / "broken", source, weights)
    last = interrupt(broken, KILLED)[-1]
    last.write_text(last.read_text().replace('"checksums":[', '"checksums":[1'))
    begun = decoded_at(monkeypatch)
    colorize(broken, lambda _done, _all: None)
    assert begun[0] is not None
    assert begun[1] is None
    assert streams(broken.target) == streams(whole.target)


def test_a_kill_while_the_segments_are_joined_costs_no_frame(tmp_path: Path, weights: Path, asked: Asked) -> None:
    """Breaks: the process ends after the last segment, before the result is whole."""
    source = write_film(tmp_path / "film.mp4", LONG)
    wanted = job(tmp_path / "root", source, weights)
    colorize(wanted, lambda _done, _all: None)
    before = streams(wanted.target)
    wanted.target.write_bytes(wanted.target.read_bytes()[:1000])
    asked.frames = 0
    told: list[int] = []
    colorize(wanted, lambda done, _all: told.append(done))
    assert asked.frames == 0
    assert len(told) > LONG.frames, "joining makes progress too, packet by packet"
    assert set(told) == {LONG.frames}
    assert streams(wanted.target) == before
