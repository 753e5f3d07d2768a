"""Tests of colorizer/model/surround.py: where a picture ends, and what becomes of what lies around it."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.chroma import ChromaFit
from colorizer.model.lab import rgb_to_lab
from colorizer.model.surround import (
    Margins,
    find_coloured_surround,
    find_plain_surround,
    fit_inside,
    neutral_surround,
)
from tests.assets.tones import coloured

MARGINS = Margins(10, 20, 12, 14)


def mounted(colour: tuple[int, int, int], margins: Margins, name: str = "astronaut") -> Tensor:
    """A photograph on card of a colour, as Lab (3, h, w)."""
    picture = coloured(name, 100, 90)
    sides = ((margins.top, margins.bottom), (margins.left, margins.right), (0, 0))
    scan = np.pad(picture, sides).astype(float)
    outside = np.pad(np.zeros((100, 90)), sides[:2], constant_values=1).astype(bool)
    scan[outside] = colour + np.random.default_rng(0).normal(0, 3, (int(outside.sum()), 3))
    return rgb_to_lab(torch.from_numpy(scan).permute(2, 0, 1).float().clamp(0, 255) / 255)


@pytest.mark.parametrize("colour", [(60, 80, 60), (190, 155, 110), (250, 250, 250), (10, 10, 10), (130, 130, 130)])
def test_the_picture_is_found_on_card_of_any_colour(colour: tuple[int, int, int]) -> None:
    """To the line."""
    found = find_plain_surround(mounted(colour, MARGINS))
    assert all(abs(getattr(found, side) - getattr(MARGINS, side)) <= 1 for side in ("top", "bottom", "left", "right"))


def test_a_strip_at_one_side_is_found() -> None:
    """Such as the edge of an album."""
    assert find_plain_surround(mounted((120, 30, 35), Margins(left=9))).left in {9, 10}


def test_a_border_is_found_inside_its_deckle_edge() -> None:
    """The paper's edge is no straight line."""
    scan = functional.pad(mounted((240, 240, 240), Margins(8, 8, 8, 8)), (6,) * 4)
    edge = torch.ones(scan.shape[1:], dtype=torch.bool)
    edge[9:-9, 9:-9] = False
    scan[:, edge & (torch.rand(edge.shape, generator=torch.Generator().manual_seed(0)) < 0.5)] = 0
    found = find_plain_surround(scan)
    assert {found.top, found.bottom, found.left, found.right} <= {13, 14, 15}


@pytest.mark.parametrize(("bottom", "kept"), [(50.0, 20), (20.0, 0)])
def test_a_grey_page_is_alike_on_all_sides(bottom: float, kept: int) -> None:
    """It stays neutral; a picture that only begins with a plain dark side has none there."""
    lightness = torch.full((100, 90), 50.0)
    lightness[80:] = bottom
    assert neutral_surround(lightness, MARGINS).bottom == kept


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_picture_without_surround_has_no_margins(name: str) -> None:
    """What it shows goes up to the edge."""
    assert not find_plain_surround(mounted((0, 0, 0), Margins(), name))


def test_a_plain_picture_has_no_margins() -> None:
    """It is not all surround."""
    assert not find_plain_surround(torch.zeros(3, 40, 60))


def test_a_scale_of_colours_is_found_beside_a_grey_picture_only() -> None:
    """Beside a picture in colour it could as well be a part of that."""
    lab, patches = torch.full((3, 100, 80), 20.0), torch.zeros(100, 80, dtype=torch.bool)
    lab[:, 86:] = 90
    patches[88:97, ::3] = True
    assert find_coloured_surround(lab, patches) == Margins(bottom=12)
    patches[:80, ::4] = True
    assert not find_coloured_surround(lab, patches)


def test_lights_along_the_bottom_are_no_surround() -> None:
    """They end at no straight edge."""
    lab, lamps = torch.full((3, 100, 80), 20.0), torch.zeros(100, 80, dtype=torch.bool)
    lamps[85:, ::3] = True
    lab[:, lamps] = 60
    assert not find_coloured_surround(lab, lamps)


def test_only_the_inside_is_shown_and_the_surround_is_neutral() -> None:
    """But for the line beside the picture, which interpolation needs."""
    seen = []

    def fit(luma: Tensor) -> ChromaFit:
        seen.append(luma.shape)
        return ChromaFit(torch.ones(1, 2, *luma.shape[-2:]), torch.ones(1, 2, *luma.shape[-2:]))

    offset = fit_inside(fit, torch.rand(1, 1, 20, 30), Margins(2, 3, 0, 4)).offset
    assert seen == [(1, 1, 15, 26)]
    assert offset.shape == (1, 2, 20, 30)
    assert offset[..., 1:18, :27].min() == 1
    assert offset[..., 0, :].max() == offset[..., 18:, :].max() == offset[..., 27:].max() == 0


def test_margins_at_another_size_leave_no_line_of_the_surround() -> None:
    """They are rounded up."""
    assert Margins(10, 0, 1, 3).scaled((100, 100), (50, 25)) == Margins(5, 0, 1, 1)
