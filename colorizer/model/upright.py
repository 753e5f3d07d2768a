"""Which way up a picture is, by what the network's encoder sees in it.

The head learns to tell the four quarter turns of a photograph (Gidaris et al. 2018, RotNet). It is fitted to one
encoder, so its file lies beside the weights file and names the weights to which it belongs.
"""

from __future__ import annotations

from pathlib import Path

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
_MIRRORED = [0, 3, 2, 1]
"""The turn of a mirror image, by the turn of the picture."""


class UprightHead(nn.Module):
    """Features of the encoder to votes for the turn of a picture.

    Input: features at 1/8 (N, 128, h, w) and 1/16 (N, 256, h / 2, w / 2) of the resolution.
    Output: logits, float32, (N, 4), of the number of quarter turns counter-clockwise from upright to the picture.
    """

    mean: Tensor
    deviation: Tensor
    suspected: Tensor
    sure: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(_CHANNELS))
        self.register_buffer("deviation", torch.ones(_CHANNELS))
        self.register_buffer("suspected", torch.tensor(torch.inf))
        self.register_buffer("sure", torch.full((4,), torch.inf))
        self.reduce = nn.Linear(_CHANNELS, _REDUCED)
        self.mix = nn.Linear(_REDUCED * _GRID**2, _MIXED)
        self.answer = nn.Linear(_MIXED, 4)

    def forward(self, fine: Tensor, coarse: Tensor) -> Tensor:
        """See the class."""
        return self.vote(cells_of(fine, coarse))

    def vote(self, cells: Tensor, dropout: float = 0.0) -> Tensor:
        """The votes for pictures of which `cells_of` has taken the means; in training, with dropout."""
        reduced = functional.relu(self.reduce((cells - self.mean) / self.deviation)).flatten(1)
        mixed = functional.relu(self.mix(functional.dropout(reduced, dropout)))
        votes: Tensor = self.answer(functional.dropout(mixed, dropout))
        return votes

    def suspects(self, votes: Tensor) -> bool:
        """Whether the votes (4,) for one view of a picture are a reason to look at the other three."""
        return bool(surplus(votes).amax() > self.suspected)

    def decide(self, votes: Tensor) -> int:
        """The turn of a picture, 0..3, where the mean votes (4,) of its four views are sure, and 0 otherwise."""
        turn = int(votes.argmax())
        return turn if surplus(votes)[turn] > self.sure[turn] else 0


def cells_of(fine: Tensor, coarse: Tensor) -> Tensor:
    """Mean features in each cell of a grid over the picture, (N, cells, channels), for `UprightHead.vote`."""
    means = [functional.adaptive_avg_pool2d(features.float(), _GRID) for features in (fine, coarse)]
    return torch.cat(means, dim=1).flatten(2).transpose(1, 2)


def surplus(votes: Tensor) -> Tensor:
    """By how much the votes (..., 4) for each turn exceed those for upright."""
    return votes - votes[..., :1]


def join_mirrored(votes: Tensor, mirrored: Tensor) -> Tensor:
    """The mean votes (..., 4) of pictures and of their mirror images."""
    return (votes + mirrored[..., _MIRRORED]) / 2


def join_views(votes: Tensor) -> Tensor:
    """The mean votes (..., 4) of four views of a picture, (..., 4, 4), each turned by a quarter more than the last."""
    return torch.stack([votes[..., turn, :].roll(-turn, dims=-1) for turn in range(4)]).mean(dim=0)


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
        raise WeightsError(f"{path}: no head of this version of tintd; fit it again with `tintd upright`") from error
    return head.eval()
