"""Tests of colorizer/film/scenes.py: what the frames of a shot say together."""

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from colorizer.engine import open_colorist
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.film.scenes import Scene, Scenes, find_scenes, settle
from colorizer.model.colorist import Colorist
from colorizer.settings import ColourSettings
from tests.assets.tones import coloured, write_scenes

FILM = Scenes((Scene(0, 50, in_colour=True), Scene(5000, 30, in_colour=False), Scene(8000, 20, in_colour=True)))


@pytest.mark.parametrize(
    ("verdicts", "settled"),
    [
        ([True] * 20 + [False] * 20, [True] * 20 + [False] * 20),
        ([True] * 20 + [False] * 3 + [True] * 20, [True] * 43),
        ([None] * 5 + [False] * 20, [False] * 25),
        ([False] * 20 + [None] * 30 + [True] * 20, [False] * 50 + [True] * 20),
        ([True, False, False], [False] * 3),
        ([None] * 4, [None] * 4),
    ],
)
def test_only_a_lasting_verdict_divides_a_shot(verdicts: list[bool | None], settled: list[bool | None]) -> None:
    """Colour that comes and stays is a scene; a few frames are a mistake; plain ones go with their neighbours."""
    assert settle(verdicts) == settled


@pytest.mark.parametrize(("pts", "coloured"), [(-1, False), (0, True), (4999, True), (5000, False), (9000, True)])
def test_a_frame_belongs_to_the_scene_that_is_shown_then(pts: int, *, coloured: bool) -> None:
    """By its timestamp, whichever reading of the file it comes from."""
    assert FILM.in_colour(pts) is coloured


def test_the_report_says_how_much_was_in_colour() -> None:
    """And nothing of a film that was not."""
    assert FILM.notes == ("70 of 100 frames were in colour, and kept it",)
    assert Scenes().notes == ()


@pytest.mark.parametrize(("grey", "throughout"), [(0, True), (1, True), (3, False)])
def test_a_grey_title_makes_no_mixed_film(grey: int, *, throughout: bool) -> None:
    """A film with next to nothing in grey is in colour throughout."""
    scenes = Scenes((Scene(0, 100 - grey, in_colour=True), Scene(100, grey, in_colour=False)))
    assert scenes.all_in_colour is throughout


def test_a_fast_pan_does_not_wash_colour_out(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of a second of it has hardly any colour; that of a few frames has. The network need not be asked."""

    def silent(_colorist: Colorist, _luma: Tensor) -> None:
        return None

    monkeypatch.setattr(Colorist, "expect", silent)
    picture = coloured("chelsea")
    pan = [np.roll(picture, -6 * number, axis=1) for number in range(24)]
    info = probe_film(write_scenes(tmp_path / "film.mkv", *pan, frames=1), 100)
    found = find_scenes(read_frames(info), info, open_colorist(ColourSettings(weights=weights, device="cpu")))
    assert found.all_in_colour


@pytest.mark.parametrize("size", [(2, 2), (4, 40), (40, 4)])
def test_the_smallest_film_is_judged(tmp_path: Path, weights: Path, size: tuple[int, int]) -> None:
    """Breaks: no square of grain fits into a frame of four lines, which is judged at half its size."""
    film = write_scenes(tmp_path / "film.mkv", coloured("chelsea")[: size[0], : size[1]], frames=30)
    info = probe_film(film, 100)
    found = find_scenes(read_frames(info), info, open_colorist(ColourSettings(weights=weights, device="cpu")))
    assert found.frames == 30
