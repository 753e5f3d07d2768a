"""How far a network's colours are from the truth: the per-pixel error of the 2019 paper, by kind of picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import center_crop
from torchvision.utils import make_grid

from colorizer.model.decoding import LEAST_SQUARES, decode
from colorizer.model.lab import Matrix, lab_to_rgb, lightness_of_luma, luma_of_rgb, rgb_to_lab
from colorizer.model.network import AB_SCALE, STRIDE, Network
from colorizer.model.padding import crop, pad
from training.data.corpus import Corpus
from training.data.samples import grey_of

GRID, _GRID_SIDE = 12, 128
"""Photographs in a grid, and the side of each."""


@dataclass(frozen=True, slots=True)
class Score:
    """Squared error of ab mapped to 0..1, (ab + 128) / 255, summed over pixels and both channels."""

    squares: float
    grey_squares: float
    """What plain grey gets on the same pixels."""
    values: int

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


@torch.inference_mode()
def mean_error(network: Network, corpus: Corpus, most: int, side: int) -> dict[str, Score]:
    """Error of the least-squares answer at a short side of at most `side`, on `most` photographs of each kind."""
    scores: dict[str, list[Score]] = defaultdict(list)
    device = next(network.parameters()).device
    for index in corpus.some_of_each_kind(most):
        picture = corpus.picture(index)
        luma = torch.from_numpy(grey_of(picture))[None, None].to(device)
        truth = rgb_to_lab(torch.from_numpy(picture.copy()).to(device).permute(2, 0, 1)[None] / 255)[:, 1:]
        ab = functional.interpolate(_predict(network, _shrink(luma, side)), size=luma.shape[-2:], mode="bilinear")
        scores[corpus.kind(index)].append(_score(ab, truth))
    return {kind: Score.sum(listed) for kind, listed in scores.items()}


@torch.inference_mode()
def draw_grid(network: Network, corpus: Corpus) -> Tensor:
    """Some photographs, evenly spread: in grey, as the network colours them, and as they are.

    Returns:
        R'G'B', uint8, (3, H, W).

    """
    device = next(network.parameters()).device
    rows: list[list[Tensor]] = [[], [], []]
    for place in np.linspace(0, len(corpus) - 1, min(len(corpus), GRID)):
        truth = center_crop(torch.from_numpy(corpus.picture(int(place)).copy()).permute(2, 0, 1) / 255, _GRID_SIDE)
        luma = luma_of_rgb(truth, Matrix.BT601)[None].to(device)
        ab = functional.interpolate(_predict(network, luma), size=luma.shape[-2:], mode="bilinear")
        coloured = lab_to_rgb(torch.cat((lightness_of_luma(luma), ab), dim=1))[0].clamp(0, 1).cpu()
        for row, picture in zip(rows, (luma[0].cpu().expand(3, -1, -1), coloured, truth), strict=True):
            row.append(picture)
    grid: Tensor = make_grid([picture for row in rows for picture in row], nrow=len(rows[0]))
    return (grid * 255).round().byte()


def _shrink(luma: Tensor, side: int) -> Tensor:
    scale = min(1.0, side / min(luma.shape[-2:]))
    size = [round(length * scale) for length in luma.shape[-2:]]
    return functional.interpolate(luma, size=size, mode="bilinear", antialias=True)


def _predict(network: Network, luma: Tensor) -> Tensor:
    padded, padding = pad(lightness_of_luma(luma), STRIDE)
    output = network(padded.contiguous(memory_format=torch.channels_last)).float()
    regression = network.architecture.head == "regression"
    ab = output * AB_SCALE if regression else decode(output, network.bins, LEAST_SQUARES)
    return crop(functional.interpolate(ab, scale_factor=4.0, mode="bilinear"), padding)


def _score(ab: Tensor, truth: Tensor) -> Score:
    return Score(
        squares=float(((ab - truth) / 255).square().sum()),
        grey_squares=float((truth / 255).square().sum()),
        values=truth.numel(),
    )
