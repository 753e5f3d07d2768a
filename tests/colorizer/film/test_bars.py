"""Tests of colorizer/film/bars.py: black bars are found, and hidden from the network."""

from pathlib import Path

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorizer.engine import colorize
from colorizer.film.bars import choose_layout, find_bars, set_upright, sort_layouts
from colorizer.job import Job
from colorizer.model.surround import Margins
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.tones import Picture, grey, toned, write_scenes

LETTERBOX, PILLARBOX = Margins(top=20, bottom=20), Margins(left=25, right=25)


def frame(bars: Margins, light: float = 1) -> Tensor:
    """A photograph between noisy bars, luma of 160 x 200."""
    noise = torch.rand(160, 200, generator=torch.Generator().manual_seed(0)) * 0.06
    height, width = 160 - bars.top - bars.bottom, 200 - bars.left - bars.right
    bars.inside(noise)[:] = torch.from_numpy(toned(grey, "chelsea", height, width)[..., 0].copy()) / 255 * light
    return noise


@pytest.mark.parametrize("bars", [Margins(), LETTERBOX, PILLARBOX, Margins(12, 14, 30, 28)])
def test_bars_are_found_to_the_line(bars: Margins) -> None:
    """In letterboxed, pillarboxed and windowboxed films."""
    assert find_bars(frame(bars)) == bars


def test_a_dark_frame_does_not_tell() -> None:
    """A night scene has no sharp edge; darkness has no picture."""
    night = frame(Margins()) * torch.linspace(0, 1, 160)[:, None] ** 3
    assert find_bars(night) is None
    assert find_bars(torch.zeros(160, 200)) is None


def test_a_frame_gets_the_smallest_picture_that_fits() -> None:
    """Old footage between pillars is cropped further than what is around it; a subtitle in a bar changes nothing."""
    layouts = sort_layouts([Margins(), LETTERBOX, None, Margins(20, 20, 25, 25)], (160, 200))
    assert layouts == (Margins(20, 20, 25, 25), LETTERBOX, Margins())
    subtitled = frame(LETTERBOX)
    subtitled[145:150, 60:140] = 1
    for shown, bars in ((frame(LETTERBOX), LETTERBOX), (frame(Margins()), Margins()), (subtitled, LETTERBOX)):
        assert choose_layout(layouts, [shown[None, None]], (160, 200)) == bars


def chroma_of(path: Path, picture: Picture, weights: Path) -> NDArray[np.int64]:
    """Cb and Cr of the first frame of a film of this picture."""
    source = write_scenes(path / "film.mkv", picture, frames=3, pixels="yuv444p")
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"), film=FilmSettings(encoder="ffv1", quality=0)
    )
    colorize(Job(source, path / "result.mkv", path / "workspace", settings), lambda _done, _all: None)
    with av.open(str(path / "result.mkv")) as container:
        shown = next(container.decode(video=0))
        return np.stack([torch.from_dlpack(plane).numpy().astype(int) for plane in shown.planes[1:3]])


def test_bars_change_no_colour_and_get_none(tmp_path: Path, weights: Path) -> None:
    """The picture is coloured as if it were alone, and its bars stay neutral, at the edge to a few levels."""
    picture = toned(grey, "astronaut", 120, 160)
    for name in ("plain", "barred"):
        (tmp_path / name).mkdir()
    plain = chroma_of(tmp_path / "plain", picture, weights)
    barred = chroma_of(tmp_path / "barred", np.pad(picture, ((40, 40), (60, 60), (0, 0)), constant_values=2), weights)
    inside = barred[:, 40:-40, 60:-60]
    assert np.abs(inside - plain).mean() < 1.5
    inside[:] = 128
    assert np.abs(barred - 128).max() <= 4


@pytest.mark.parametrize("turn", range(4))
def test_the_bars_of_a_film_on_its_side_are_set_upright(turn: int) -> None:
    """They are those that would be found in its upright frames."""
    luma = torch.zeros(80, 120)
    luma[10:75, 12:100] = 0.6
    upright = find_bars(luma)
    assert upright == Margins(top=10, bottom=5, left=12, right=20)
    lying = find_bars(luma.rot90(turn, (-2, -1)))
    assert lying is not None
    assert set_upright(lying, turn) == upright
