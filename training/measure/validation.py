"""How far a network's colours are from the truth during a run: the per-pixel error of the 2019 paper, by kind."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.utils import make_grid

from colorizer.model.colorist import Colorist
from colorizer.model.decoding import LEAST_SQUARES
from colorizer.model.lab import rgb_to_lab
from colorizer.model.network import Network
from colorizer.model.predictor import Predictor
from colorizer.model.weights import WeightsCard
from training.data.corpus import Corpus
from training.measure.recolour import recolour, remove_colour, to_tensor

GRID, _GRID_SIDE = 12, 128
"""Number of photographs in a grid, and the side of each."""


@dataclass(frozen=True, slots=True)
class Score:
    """Squared error of ab mapped to 0..1, (ab + 128) / 255, summed over pixels and both channels."""

    squares: float
    grey_squares: float
    """Squared error of plain grey on the same pixels."""
    values: int
    """Number of pixels, times two channels."""

    @property
    def error(self) -> float:
        """Per-pixel MSE."""
        return self.squares / self.values

    @property
    def part_of_grey(self) -> float:
        """The error as a part of plain grey's."""
        return self.squares / self.grey_squares

    @classmethod
    def sum(cls, scores: Iterable[Score]) -> Score:
        """All scores as one."""
        listed = list(scores)
        return cls(
            sum(score.squares for score in listed),
            sum(score.grey_squares for score in listed),
            sum(score.values for score in listed),
        )


def validation_colorist(network: Network, side: int) -> Colorist:
    """A colorist that gives a network's least-squares answer, with the product's code.

    Args:
        network: in evaluation mode; it is copied and stays as it is.
        side: the working size.

    """
    card = WeightsCard(architecture=network.architecture, working_size=side)
    device = next(network.parameters()).device
    return Colorist(Predictor(copy.deepcopy(network), card, device), decoding=LEAST_SQUARES)


@torch.inference_mode()
def mean_error(colorist: Colorist, corpus: Corpus, most: int) -> dict[str, Score]:
    """Error on at most `most` photographs of each kind."""
    scores: dict[str, list[Score]] = defaultdict(list)
    for index in corpus.some_of_each_kind(most):
        picture = corpus.picture(index)
        result, truth = (rgb_to_lab(rgb)[1:] for rgb in (recolour(picture, colorist), to_tensor(picture)))
        scores[corpus.kind(index)].append(_score(result, truth))
    return {kind: Score.sum(listed) for kind, listed in scores.items()}


@torch.inference_mode()
def draw_grid(colorist: Colorist, corpus: Corpus) -> Tensor:
    """Some photographs, evenly spread: in grey, recoloured, and as they are.

    Returns:
        R'G'B', uint8, (3, H, W).

    """
    rows: list[list[Tensor]] = [[], [], []]
    for index in np.linspace(0, len(corpus) - 1, min(len(corpus), GRID)):
        square = _middle_square(corpus.picture(int(index)))
        pictures = (remove_colour(square)[0].expand(3, -1, -1), recolour(square, colorist), to_tensor(square))
        for row, picture in zip(rows, pictures, strict=True):
            row.append(picture)
    grid: Tensor = make_grid([picture for row in rows for picture in row], nrow=len(rows[0]))
    return (grid * 255).round().byte()


def _middle_square(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The square of `_GRID_SIDE` in the middle of a photograph (H, W, 3); what is missing is black."""
    height, width = picture.shape[:2]
    missing = [(max(0, _GRID_SIDE - size) // 2, max(0, _GRID_SIDE - size + 1) // 2) for size in (height, width)]
    padded = np.pad(picture, (*missing, (0, 0)))
    top, left = ((size - _GRID_SIDE) // 2 for size in padded.shape[:2])
    square: NDArray[np.uint8] = padded[top : top + _GRID_SIDE, left : left + _GRID_SIDE]
    return square


def _score(ab: Tensor, truth: Tensor) -> Score:
    return Score(
        squares=float(((ab - truth) / 255).square().sum()),
        grey_squares=float((truth / 255).square().sum()),
        values=truth.numel(),
    )
