"""Tests of colorizer/model/own_colour.py: what years, toning and lenses add, and what is left without it."""

import pytest
import torch
from torch import Tensor

from colorizer.model.lab import rgb_to_lab
from colorizer.model.own_colour import cells, find_tint, local_deviations, own_colour, without_fringes
from tests.assets.tones import COLOURED, TONES, Picture, Tone, coloured, toned


def lab_of(picture: Picture) -> Tensor:
    """CIE Lab, (3, h, w)."""
    return rgb_to_lab(torch.from_numpy(picture.copy()).permute(2, 0, 1).float() / 255)


def shifted(lab: Tensor, lines: float) -> Tensor:
    """A grey picture whose a has been moved down against its luma."""
    slope = torch.gradient(lab[0], dim=0)[0]
    return torch.stack((lab[0], slope * lines, torch.zeros_like(slope)))


@pytest.mark.parametrize("tone", TONES)
def test_a_toned_print_has_no_colour_of_its_own(tone: Tone) -> None:
    """Even if the bath was not stirred; the same picture in colour has."""
    print_, photo = lab_of(toned(tone)), lab_of(coloured("astronaut"))
    own, true = (own_colour(lab, find_tint(lab)).norm(dim=0).median() for lab in (print_, photo))
    assert own < 0.2 * true


@pytest.mark.parametrize("name", COLOURED)
def test_neighbours_do_not_explain_each_others_colour(name: str) -> None:
    """Where place and lightness explain it, it was added: sepia under a stain, for instance."""
    photo = cells(lab_of(coloured(name)))
    stained = photo.clone()
    y, x = torch.meshgrid(torch.linspace(0, 1, photo.shape[1]), torch.linspace(0, 1, photo.shape[2]), indexing="ij")
    stained[1:] = 0.1 * photo[0] + 20 * x * y
    with_stain, in_colour = (local_deviations(lab[1:], lab[:1]).median() for lab in (stained, photo))
    assert with_stain < 0.1 * in_colour


def test_the_fringes_of_a_lens_are_taken_away() -> None:
    """They follow the slope of the luma."""
    fringed = shifted(lab_of(toned(TONES[0])), lines=0.5)
    assert without_fringes(fringed)[1:].abs().mean() < 0.05 * fringed[1:].abs().mean()


@pytest.mark.parametrize("name", COLOURED)
def test_colour_is_no_fringe(name: str) -> None:
    """A photograph in colour keeps it."""
    photo = lab_of(coloured(name))
    assert (without_fringes(photo) - photo).norm(dim=0).mean() < 0.1 * photo[1:].norm(dim=0).mean()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (3, 40)])
def test_any_size_has_an_answer(size: tuple[int, int]) -> None:
    """A plain strip has no colour of its own, and none that its neighbours lack."""
    lab = without_fringes(torch.full((3, *size), 20.0))
    assert own_colour(lab, find_tint(lab)).abs().max() < 1e-3
    assert local_deviations(lab[1:], lab[:1]).max() < 1e-3
