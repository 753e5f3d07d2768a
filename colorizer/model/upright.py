"""Which way up a picture is, and whether it is a negative, by what the network's encoder sees in it; and its positive.

The head learns to tell the four quarter turns of a photograph (Gidaris et al. 2018, RotNet), and negatives. It is
fitted to one encoder, so its file lies beside the weights file and names the weights to which it belongs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from colorizer.durable import written_whole
from colorizer.errors import WeightsError
from colorizer.weights_path import FITTED_TO, file_hash, fitted_head, upright_path

_GRID = 4
"""Rows and columns of the cells whose mean features the head sees."""
_CHANNELS, _REDUCED, _MIXED = 128 + 256, 32, 48
TURNS = 4
NEGATIVE = 4
"""The place of the vote for a negative, behind those for the turns."""
_MIRRORED = [0, 3, 2, 1, NEGATIVE]
"""The turn of a mirror image, by the turn of the picture."""
_CLIPPED = 0.001
"""Share of a negative at either end of its tones that becomes black or white: dust and scratches are no tones."""
_MIDDLE, _STEEPEST = 0.45, 2.5
"""Median luma of a positive, and the greatest exponent that is used to reach it."""
_TINY = 1e-3


@dataclass(frozen=True, slots=True)
class Pose:
    """How a picture presents itself, as far as that is sure."""

    turn: int = 0
    """Number of quarter turns counter-clockwise from upright to the picture."""
    is_negative: bool = False


@dataclass(frozen=True, slots=True)
class Inversion:
    """How the luma of a negative becomes that of its positive.

    The code values are inverted between the lightest tone, which is the base of the film or paper, and the densest
    one: that does not depend on the levels of the scanner. A film is denser by the logarithm of the light, so that
    its positive would be too light; an exponent darkens the middle tones to those of usual photographs.
    """

    base: float
    """Luma of the negative, 0..1, that becomes black."""
    densest: float
    """Luma that becomes white."""
    exponent: float
    """1 for a negative whose middle tones are dark enough."""

    @classmethod
    def of(cls, luma: Tensor) -> Self:
        """The inversion of a negative, by its luma at a small size, 0..1, of any shape."""
        densest, base, middle = np.quantile(luma.float().cpu().numpy(), (_CLIPPED, 1 - _CLIPPED, 0.5)).tolist()
        lightness = min(max((base - middle) / max(base - densest, _TINY), _TINY), 1 - _TINY)
        return cls(base, densest, min(max(log(_MIDDLE) / log(lightness), 1.0), _STEEPEST))

    @property
    def span(self) -> float:
        """Difference in luma between what becomes black and what becomes white, above 0 also for a plain picture."""
        return max(self.base - self.densest, _TINY)

    def positive(self, luma: Tensor) -> Tensor:
        """The luma of the positive, 0..1, by that of the negative."""
        inverted = (self.base - luma) / self.span
        positive: Tensor = inverted.clamp(0, 1) ** self.exponent
        return positive

    def describe(self, what: str) -> str:
        """Say that a negative was inverted, and how."""
        return (
            f"{what} looks like a negative, and its positive was coloured: {self.base:.0%} of white became black, "
            f"{self.densest:.0%} became white, and the middle tones got the exponent {self.exponent:.2f}; if it is no "
            "negative, set `detection.negatives: colour`"
        )


class Votes(nn.Module):
    """Mean features of the cells of a picture, (N, cells, channels), to logits, float32, (N, answers)."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(_CHANNELS))
        self.register_buffer("deviation", torch.ones(_CHANNELS))
        self.reduce = nn.Linear(_CHANNELS, _REDUCED)
        self.mix = nn.Linear(_REDUCED * _GRID**2, _MIXED)
        self.answer = nn.Linear(_MIXED, answers)

    def forward(self, cells: Tensor, dropout: float = 0.0) -> Tensor:
        """See the class; in training, with dropout."""
        reduced = functional.relu(self.reduce((cells - self.mean) / self.deviation)).flatten(1)
        mixed = functional.relu(self.mix(functional.dropout(reduced, dropout)))
        votes: Tensor = self.answer(functional.dropout(mixed, dropout))
        return votes


class UprightHead(nn.Module):
    """Features of the encoder to votes for the turn of a picture, and for a negative.

    Input: features at 1/8 (N, 128, h, w) and 1/16 (N, 256, h / 2, w / 2) of the resolution.
    Output: logits, float32, (N, 5): of 0 to 3 quarter turns counter-clockwise from upright to the picture, and of a
        negative, however it lies.
    """

    suspected: Tensor
    sure: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("suspected", torch.full((TURNS + 1,), torch.inf))
        self.register_buffer("sure", torch.full((TURNS + 1,), torch.inf))
        self.turn = Votes(TURNS)
        self.negative = Votes(1)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """See the class."""
        return self.vote(cells_of(fine, coarse))

    def vote(self, cells: Tensor) -> Tensor:
        """The votes for pictures of which `cells_of` has taken the means."""
        return torch.cat((self.turn(cells), self.negative(cells)), dim=1)

    def suspects_turn(self, votes: Tensor) -> bool:
        """Whether the votes (5,) for one view of a picture are a reason to look at the other three."""
        return bool((surplus(votes) > self.suspected)[:TURNS].any()) and not votes[NEGATIVE] > 0

    def suspects_negative(self, votes: Tensor) -> bool:
        """Whether the votes (5,) for a picture are a reason to look at its inverse."""
        return bool(votes[NEGATIVE] > self.suspected[NEGATIVE])

    def decide(self, votes: Tensor, margin: float = 1.0) -> int:
        """The turn of a picture, 0..3, where the mean votes (5,) of its four views are sure, and 0 otherwise.

        Args:
            votes: the mean votes.
            margin: factor of the level from which on they are sure.

        """
        turn = int(votes[:TURNS].argmax())
        return turn if surplus(votes)[turn] > margin * self.sure[turn] else 0

    def is_negative(self, votes: Tensor, inverse: Tensor) -> bool:
        """Whether the votes (5,) for a picture and for its inverse are sure that it is a negative."""
        return bool(votes[NEGATIVE] - inverse[NEGATIVE] > self.sure[NEGATIVE])


def cells_of(fine: Tensor, coarse: Tensor) -> Tensor:
    """Mean features in each cell of a grid over the picture, (N, cells, channels), for `UprightHead.vote`."""
    means = [functional.adaptive_avg_pool2d(features.float(), _GRID) for features in (fine, coarse)]
    return torch.cat(means, dim=1).flatten(2).transpose(1, 2)


def surplus(votes: Tensor) -> Tensor:
    """By how much the votes (..., 5) for each turn exceed those for upright, (..., 5); that for a negative stays."""
    turns, negative = votes.split((TURNS, 1), dim=-1)
    return torch.cat((turns - turns[..., :1], negative), dim=-1)


def join_mirrored(votes: Tensor, mirrored: Tensor) -> Tensor:
    """The mean votes (..., 5) of pictures and of their mirror images."""
    return (votes + mirrored[..., _MIRRORED]) / 2


def join_views(votes: Tensor) -> Tensor:
    """The mean votes (..., 5) of four views of a picture, (..., 4, 5), each turned by a quarter more than the last."""
    turns, negative = votes.split((TURNS, 1), dim=-1)
    joined = torch.stack([turns[..., turn, :].roll(-turn, dims=-1) for turn in range(TURNS)]).mean(dim=0)
    return torch.cat((joined, negative.mean(dim=-2)), dim=-1)


def save_head(head: UprightHead, weights: Path, notes: dict[str, str]) -> Path:
    """Write a head beside the weights file that it was fitted to, in float16 where that is enough."""
    target = upright_path(weights)
    tensors = {name: tensor.half() if tensor.dim() > 1 else tensor for name, tensor in head.state_dict().items()}
    with written_whole(target) as unfinished:
        unfinished.write_bytes(save(tensors, metadata=notes | {FITTED_TO: file_hash(weights)}))
    return target


def load_head(weights: Path) -> UprightHead | None:
    """Load the head of a weights file; None if it has none, or one that was fitted to other weights.

    Raises:
        WeightsError: the head's file is damaged.

    """
    path = fitted_head(weights)
    if path is None:
        return None
    head = UprightHead()
    try:
        head.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    except (SafetensorError, RuntimeError) as error:
        remedy = "fit it again with `tintd upright`, or delete it"
        raise WeightsError(f"{path}: another version of tintd has made it; {remedy}") from error
    return head.eval()
