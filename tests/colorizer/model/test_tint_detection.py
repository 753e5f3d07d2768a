"""Tests of colorizer/model/tint_detection.py: what is in colour, and what is black and white under a cast."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from torch import Tensor

from benchmarks.colour_set import MAKERS, Maker, coloured_print_on_mount, faded, make, oil_tinted, one_object, pale
from benchmarks.colour_verdicts import judge_with, reduced
from colorizer.engine import open_colorist
from colorizer.model.colorist import Colorist
from colorizer.model.surround import Margins
from colorizer.model.tint_detection import Verdict, judge
from colorizer.settings import ColourSettings
from colorizer.weights_path import DEFAULT_WEIGHTS
from tests.assets.tones import COLOURED, TONES, Picture, Tone, as_jpeg, coloured, sepia, toned


def verdict(picture: Picture) -> Verdict:
    """The decision on a picture in the product, with the weights that come with it."""
    return judge_with(open_colorist(ColourSettings(device="cpu")), reduced(picture))


@pytest.mark.parametrize("quality", [50, 95])
@pytest.mark.parametrize("name", COLOURED)
def test_colour_is_seen(name: str, quality: int) -> None:
    """Even after strong JPEG compression."""
    assert verdict(as_jpeg(coloured(name), quality)) is Verdict.COLOUR


@pytest.mark.parametrize("quality", [75, 95])
@pytest.mark.parametrize("name", COLOURED[:2])
@pytest.mark.parametrize("tone", TONES)
def test_a_tint_is_no_colour(name: str, tone: Tone, quality: int) -> None:
    """Each kind of tint is recognised, uneven or noisy, after JPEG."""
    assert verdict(as_jpeg(toned(tone, name, 300, 300), quality)) is Verdict.GREY


def test_a_faded_photograph_is_in_colour() -> None:
    """Colours under a tint are still colours."""
    cast = coloured("astronaut").astype(float) * (0.9, 0.6, 0.65) + (25, 30, 25)
    assert verdict(cast.astype(np.uint8)) is Verdict.COLOUR


def test_a_red_balloon_on_a_grey_day_is_in_doubt() -> None:
    """It has the pixels of a stain."""
    picture = toned(TONES[0])
    y, x = np.mgrid[:192, :192]
    picture[(y - 60) ** 2 + (x - 120) ** 2 < 16**2] = (190, 40, 30)
    assert verdict(picture) is Verdict.IN_DOUBT


@pytest.mark.parametrize("maker", [maker for maker, truth in MAKERS if truth == "grey"])
def test_what_years_and_scanners_add_is_no_colour(maker: Maker) -> None:
    """Around the picture and on it."""
    found = [verdict(make(maker, coloured(name, 256, 256) / 255, seed)) for name in COLOURED for seed in (1, 2)]
    assert not {Verdict.COLOUR, Verdict.UNKNOWN} & set(found)


ONE_HUE = {(oil_tinted, "chelsea"), (pale, "chelsea")}
"""A cat of one colour: in thin oil, or nearly washed out, it has no two hues; see `colour_verdicts`."""
WEAK = [
    *((maker, name) for maker, truth in MAKERS if truth == "colour" for name in ("astronaut", "chelsea", "coffee")),
    *((maker, "rocket") for maker in (faded, coloured_print_on_mount)),
]


@pytest.mark.parametrize(("maker", "name"), [pair for pair in WEAK if pair not in ONE_HUE])
def test_colour_that_is_weak_or_odd_is_colour(maker: Maker, name: str) -> None:
    """Prints that fade, and the ways to colour before there was film for it."""
    assert verdict(make(maker, coloured(name, 256, 256) / 255, seed=1)) is Verdict.COLOUR


def test_the_network_is_asked_only_in_doubt(weights: Path) -> None:
    """Sepia and strong colours need no network; about a faded sky, each is asked, also one that knows nothing."""
    certain = reduced(toned(sepia)), reduced(coloured("coffee"))
    sky = reduced(make(faded, coloured("rocket", 256, 256) / 255, seed=1))
    for path in (DEFAULT_WEIGHTS, weights):
        colorist = open_colorist(ColourSettings(device="cpu", weights=path))
        asked: list[Margins] = []

        def expect(surround: Margins, colorist: Colorist = colorist, asked: list[Margins] = asked) -> Tensor | None:
            asked.append(surround)
            moments = colorist.expect(torch.rand(1, 1, 64, 64))
            return None if moments is None else moments[0]

        assert [judge(rgb, expect).verdict for rgb in certain] == [Verdict.GREY, Verdict.COLOUR]
        assert not asked
        judge(sky, expect)
        assert asked == [Margins()]


@pytest.mark.parametrize("dye", [(1.0, 0.02, 0.03), (0.02, 0.1, 1.0)])
def test_one_hue_that_is_too_pure_for_a_tint_is_colour(dye: tuple[float, float, float]) -> None:
    """A red rose, or a diver: no toner and no dye of a film takes nearly all light of the other primaries."""
    luma = skimage.data.camera()[::2, ::2, None]
    assert verdict((luma * dye).astype(np.uint8)) is Verdict.COLOUR
    assert verdict((luma * (0.6 + 0.4 * np.array(dye))).astype(np.uint8)) is not Verdict.COLOUR


@pytest.mark.parametrize("light", [0.0, 0.25])
def test_a_sky_over_dunes_is_no_surround(light: float) -> None:
    """Lines of colour above sand are a part of the picture where they have the hue that is expected there."""
    luma = torch.from_numpy(skimage.data.camera()[::4, ::4] / 255).float()
    rgb = 0.2 + 0.6 * luma * torch.tensor([1.0, 0.9, 0.75])[:, None, None]
    clouds = light * torch.sin(torch.arange(128) / 3)
    rgb[:, :20] = (torch.tensor([0.35, 0.5, 0.85])[:, None, None] + clouds).clamp(0, 1)
    sky, leather = torch.zeros(5, 32, 32), torch.zeros(5, 32, 32)
    sky[1, :5], sky[1, 5:] = -20, 10
    leather[0, :5], leather[1, :5] = 10, 15
    assert judge(rgb).surround.top > 0
    assert judge(rgb, lambda _margins: leather).surround.top > 0
    assert not judge(rgb, lambda _margins: sky).surround


def test_a_network_that_cannot_tell_changes_nothing() -> None:
    """A regression head has one answer and no doubt."""
    sky = reduced(make(faded, coloured("rocket", 256, 256) / 255, seed=1))
    assert judge(sky, lambda _surround: None) == judge(sky)


@pytest.mark.parametrize("name", COLOURED)
def test_one_coloured_object_is_in_doubt(name: str) -> None:
    """It was left in colour, tinted by hand, or is a stain."""
    assert verdict(make(one_object, coloured(name, 256, 256) / 255, seed=1)) is Verdict.IN_DOUBT


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_tells_nothing(level: int) -> None:
    """Darkness, or a title on black, occurs in films of both kinds."""
    picture = np.full((192, 192, 3), level, np.uint8)
    picture[90:100, 40:150] = 255 - level
    assert verdict(picture) is Verdict.UNKNOWN


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (2, 3), (7, 500)])
def test_any_size_is_judged(size: tuple[int, int]) -> None:
    """A grey picture of one pixel is not in colour either."""
    rng = np.random.default_rng(0)
    assert verdict(np.repeat(rng.integers(0, 256, (*size, 1), np.uint8), 3, axis=2)) is not Verdict.COLOUR
