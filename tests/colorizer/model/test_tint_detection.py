"""Tests of colorizer/model/tint_detection.py: what is in colour, and what is black and white under a cast."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from benchmarks.colour_set import MAKERS, Maker, faded, make, one_object, pale, silvering
from colorizer.model.tint_detection import Verdict, judge, judged_extent
from tests.assets.tones import COLOURED, TONES, Picture, Tone, as_jpeg, coloured, toned


def verdict(picture: Picture) -> Verdict:
    """The decision on a picture, shrunk as in the product."""
    rgb = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255
    return judge(functional.interpolate(rgb, judged_extent(*rgb.shape[-2:]), mode="area")[0]).verdict


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
    """Around the picture and on it; of eight with silver mirrors, one of a strong blue counts as colour."""
    found = [verdict(make(maker, coloured(name, 256, 256) / 255, seed)) for name in COLOURED for seed in (1, 2)]
    assert found.count(Verdict.COLOUR) <= (maker is silvering)
    assert Verdict.UNKNOWN not in found


@pytest.mark.parametrize("maker", [maker for maker, truth in MAKERS if truth == "colour"])
@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_colour_that_is_weak_or_odd_is_colour(maker: Maker, name: str) -> None:
    """Prints that fade, and the ways to colour before there was film for it."""
    assert verdict(make(maker, coloured(name, 256, 256) / 255, seed=1)) is Verdict.COLOUR


@pytest.mark.parametrize("maker", [faded, pale])
def test_a_single_hue_that_has_faded_is_no_certain_colour(maker: Maker) -> None:
    """A blue sky over a dark blue tower is what a toned print looks like."""
    assert verdict(make(maker, coloured("rocket", 256, 256) / 255, seed=1)) in {Verdict.GREY, Verdict.IN_DOUBT}


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
