"""Tests of colorizer/film/parts.py: a film that is coloured in parts is the film coloured as a whole."""

import os
import re
from pathlib import Path
from unittest.mock import Mock

import pytest

from colorizer.engine import colorize, colour_film_part, plan_film_parts
from colorizer.errors import MediaError
from colorizer.film import plan
from colorizer.job import Job, Part
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.films import Film, write_film


def film_of(shot_frames: int, **options: str) -> Film:
    """A film of five minutes in few frames."""
    pts = tuple(450_000 * number for number in range(60))
    coding = {"g": "5", "bf": "2", "preset": "ultrafast", **options}
    return Film(frames=60, rate=1, pts=pts, sounds=("aac",), options=coding, shot_frames=shot_frames)


def job(root: Path, source: Path, weights: Path) -> Job:
    """A film to colour, in a folder of its own."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"), film=FilmSettings(encoder="h264", speed="ultrafast")
    )
    root.mkdir()
    return Job(source, root / "result", root / "workspace", settings)


def ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


@pytest.mark.parametrize("shot_frames", [7, 20], ids=["short shots", "shots longer than a segment"])
def test_parts_in_any_order_are_the_whole_film(tmp_path: Path, weights: Path, shot_frames: int) -> None:
    """Bit for bit, with its report; a part begins at a cut, and a long shot is not divided among parts."""
    source = write_film(tmp_path / "film.mp4", film_of(shot_frames))
    whole, shared = job(tmp_path / "whole", source, weights), job(tmp_path / "shared", source, weights)
    report = colorize(whole, ignore)
    parts = plan_film_parts(shared, ignore)
    assert len(parts) >= 3
    assert sum(part.frames for part in parts) == 60
    assert all(part.frames % shot_frames == 0 for part in parts[:-1])
    for part in reversed(parts):
        colour_film_part(shared, part, ignore)
    assert colorize(shared, ignore) == report
    assert shared.target.read_bytes() == whole.target.read_bytes()


def test_a_film_is_planned_once(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its headers are read and its scan is judged once; parts and joining only open the file."""
    spy = Mock(wraps=plan.probe_film)
    monkeypatch.setattr(plan, "probe_film", spy)
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4", film_of(20)), weights)
    for part in plan_film_parts(wanted, ignore):
        colour_film_part(wanted, part, ignore)
    colorize(wanted, ignore)
    assert [call.args[0] for call in spy.mock_calls] == [wanted.source]


def test_processors_are_named_where_they_differ(tmp_path: Path, weights: Path) -> None:
    """Parts of several machines are joined, and the report names the machines."""
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4", film_of(20)), weights)
    for part in plan_film_parts(wanted, ignore):
        colour_film_part(wanted, part, ignore)
    record = wanted.workspace / "segment-00001.json"
    record.write_text(re.sub(r'"machine":"[^"]*"', '"machine":"another one"', record.read_text()))
    before = (wanted.workspace / "segment-00001.mkv").stat().st_mtime_ns
    [note] = [note for note in colorize(wanted, ignore).notes if "different processors" in note]
    assert "another one" in note
    assert "libavcodec" in note
    assert (wanted.workspace / "segment-00001.mkv").stat().st_mtime_ns == before


def test_finished_segments_are_kept(tmp_path: Path, weights: Path) -> None:
    """Whoever does a part again, or plans the film again, colours only what is missing."""
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4", film_of(20)), weights)
    parts = plan_film_parts(wanted, ignore)
    colour_film_part(wanted, parts[1], ignore)
    made = {path.name: path.stat().st_mtime_ns for path in wanted.workspace.glob("segment-*.mkv")}
    last = max(made)
    (wanted.workspace / last).with_suffix(".json").unlink()
    assert plan_film_parts(wanted, ignore) == parts
    colour_film_part(wanted, parts[1], ignore)
    now = {path.name: path.stat().st_mtime_ns for path in wanted.workspace.glob("segment-*.mkv")}
    assert {name for name in made if now[name] != made[name]} == {last}


def test_a_short_film_is_not_planned(tmp_path: Path, weights: Path) -> None:
    """It is not decoded twice."""
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4"), weights)
    assert plan_film_parts(wanted, ignore) == ()
    assert not wanted.workspace.exists()


def test_other_settings_make_another_plan(tmp_path: Path, weights: Path) -> None:
    """Segments of other settings are not joined with these."""
    source = write_film(tmp_path / "film.mp4", film_of(7))
    wanted = job(tmp_path / "job", source, weights)
    colour_film_part(wanted, plan_film_parts(wanted, ignore)[0], ignore)
    os.utime(source, (1, 1))
    plan_film_parts(wanted, ignore)
    assert list(wanted.workspace.glob("segment-*")) == []


def test_a_lost_work_folder_is_said(tmp_path: Path, weights: Path) -> None:
    """The reason names the film."""
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4", film_of(7)), weights)
    with pytest.raises(MediaError, match="the plan of the film has gone"):
        colour_film_part(wanted, Part(0, 1, 7), ignore)
