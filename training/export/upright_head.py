"""Fit the head that finds out which way up a picture is (see `colorizer.model.upright`) to the encoder of weights.

The encoder stays as it is: it looks once at each of the four turns of some photographs, and the head learns from its
mean features. A part of the photographs is kept apart, to measure from when on the head is sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from torch import Tensor, optim
from torch.nn import functional
from torch.utils.data import Dataset

from colorizer.errors import MediaError
from colorizer.model.device import bfloat16_is_faster, choose_device
from colorizer.model.lab import lightness_of_luma
from colorizer.model.network import STRIDE, Network, fold_normalisation
from colorizer.model.padding import pad
from colorizer.model.upright import UprightHead, cells_of, join_views, save_head, surplus
from colorizer.model.weights import load_weights
from training.data.augment import degrade, vary_tone
from training.data.corpus import Corpus
from training.data.samples import grey_of, load_samples

_BATCH = 16
"""Photographs that the encoder sees together; all of them have one shape."""
_LONG = (1.0, 1.2, 1.45)
"""Long sides of the crops, as parts of the working size. They say nothing of the turn: each lies and stands."""
_LEAST = 0.8
"""Least part of a photograph's height or width that a crop has."""
_TONE, _DEGRADED = 0.25, 0.6
"""Variation of the tone, and share of the photographs that get defects of old material; see `training.data.augment`."""
_KEPT = 0.25
"""Share of the photographs by which the head is measured."""
_FEWEST = 40
"""Least number of photographs: their features have a mean and a deviation then."""
_SEED = 0
_EPOCHS, _LEAST_STEPS, _LEARNT_TOGETHER, _RATE, _DECAY, _DROPOUT = 8, 200, 256, 0.003, 0.01, 0.2
_SAMPLE = 2000
"""Number of views by which the features are scaled."""
_TINY = 1e-3
"""Smallest deviation of a feature."""
_UPSIDE_DOWN = 2
_RARE = 1 / 3
"""Part of the wrong turns that may be half turns: pictures that are upside down are rarer than those on a side."""
_FOUND = 0.98
"""Part of the sure ones whose first view must be suspected; the other views cost time."""


@dataclass(frozen=True, slots=True)
class UprightFigures:
    """What a head does with photographs that it has not learnt from."""

    pictures: int
    wrong: float
    """Share of the upright ones that it turns."""
    suspected: float
    """Share of the upright ones whose other views it looks at."""
    sideways: float
    """Share of those turned by a quarter that it finds."""
    upside_down: float
    """Share of those turned by half that it finds."""

    def describe(self) -> str:
        """The figures in a sentence."""
        return (
            f"of {self.pictures} photographs kept apart it finds {self.sideways:.0%} that lie on a side and "
            f"{self.upside_down:.0%} that are upside down; it turns {self.wrong:.2%} of the upright ones, and looks "
            f"again at {self.suspected:.0%}"
        )


def fit_upright(weights: Path, corpus: Corpus, *, pictures: int, wrong: float, device: str) -> UprightFigures:
    """Fit a head to weights, and write it beside them.

    Args:
        weights: the weights file.
        corpus: upright photographs in colour.
        pictures: number of them that are used at most, of each kind.
        wrong: share of upright pictures that the head may turn.
        device: see `choose_device`.

    Raises:
        WeightsError: the weights cannot be read.
        MediaError: there are too few photographs.

    """
    network, card = load_weights(weights)
    chosen = np.random.default_rng(_SEED).permutation(corpus.some_of_each_kind(pictures))
    if len(chosen) < _FEWEST:
        raise MediaError(f"{len(chosen)} photographs are too few to learn from; {_FEWEST} are the least, 10,000 usual")
    cells = torch.cat([*_look(network.to(choose_device(device)), TurnedSamples(corpus, card.working_size), chosen)])
    learnt, kept = cells.split([len(cells) - round(_KEPT * len(cells)), round(_KEPT * len(cells))])
    head = _learn(learnt)
    figures = _measure(head, kept, wrong)
    notes = {"pictures": str(len(chosen)), "figures": figures.describe()}
    save_head(head, weights, notes)
    return figures


@dataclass(frozen=True, slots=True)
class TurnedSamples(Dataset[Tensor]):
    """Crops of upright photographs, grey and worn: L, 0..100, (1, h, w). All samples of a batch have one shape."""

    corpus: Corpus
    side: int

    def __getitem__(self, key: tuple[int, int]) -> Tensor:
        """The crop of a photograph (its index, the number of the sample)."""
        index, number = key
        rng = np.random.default_rng((_SEED, number))
        luma = vary_tone(
            grey_of(_crop(self.corpus.picture(index), _shape(self.side, number // _BATCH), rng)), _TONE, rng
        )
        if rng.random() < _DEGRADED:
            luma = degrade(luma, rng)
        return lightness_of_luma(torch.from_numpy(np.round(luma * 255) / np.float32(255))[None])


def _shape(side: int, batch: int) -> tuple[int, int]:
    """Height and width of the crops of a batch."""
    long = round(side * _LONG[batch // 2 % len(_LONG)])
    return (side, long) if batch % 2 else (long, side)


def _crop(picture: NDArray[np.uint8], shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(height / shape[0], width / shape[1]) * rng.uniform(_LEAST, 1)
    down, across = shape[0] * scale, shape[1] * scale
    top, left = rng.uniform(0, height - down), rng.uniform(0, width - across)
    box = (left, top, left + across, top + down)
    cropped = np.asarray(Image.fromarray(picture).resize(shape[::-1], Image.Resampling.BILINEAR, box=box))
    return cropped[:, ::-1] if rng.random() < 0.5 else cropped


@torch.inference_mode()
def _look(network: Network, samples: TurnedSamples, chosen: NDArray[np.int64]) -> Iterator[Tensor]:
    """What the encoder sees of each photograph in its four turns, float16, (N, 4, cells, channels), batch by batch."""
    fold_normalisation(network)
    network.to(memory_format=torch.channels_last)
    device = network.bins.device
    numbered = list(zip(chosen.tolist(), range(len(chosen)), strict=True))
    batches = [numbered[start : start + _BATCH] for start in range(0, len(numbered), _BATCH)]
    for lightness in track(load_samples(samples, batches, workers=1), "Looking at photographs", total=len(batches)):
        turns = [pad(lightness.to(device).rot90(turn, (-2, -1)), STRIDE)[0] for turn in range(4)]
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_is_faster(device)):
            seen = [network.encode(turn.contiguous(memory_format=torch.channels_last)) for turn in turns]
        yield torch.stack([cells_of(fine, coarse).half().cpu() for _, fine, coarse, _ in seen], dim=1)


def _learn(cells: Tensor) -> UprightHead:
    """Learn the turn of photographs (N, 4, cells, channels)."""
    turns = torch.arange(4).repeat(len(cells))
    views = cells.flatten(0, 1)
    torch.manual_seed(_SEED)
    head = UprightHead()
    some = views[:: max(1, len(views) // _SAMPLE)].float().flatten(0, 1)
    head.mean, head.deviation = some.mean(dim=0), some.std(dim=0) + _TINY
    batch = min(_LEARNT_TOGETHER, len(views))
    optimizer = optim.AdamW(head.parameters(), weight_decay=_DECAY)
    steps = len(views) // batch
    epochs = max(_EPOCHS, _LEAST_STEPS // steps)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * steps)
    for order in (torch.randperm(len(views)) for _ in range(epochs)):
        for chosen in order[: steps * batch].split(batch):
            optimizer.zero_grad()
            functional.cross_entropy(head.vote(views[chosen].float(), _DROPOUT), turns[chosen]).backward()
            optimizer.step()
            schedule.step()
    return head.eval()


@torch.inference_mode()
def _measure(head: UprightHead, cells: Tensor, wrong: float) -> UprightFigures:
    """Set from when on a head is sure, by photographs (N, 4, cells, channels), and measure what it does then.

    The head sees each in four turns. From each of them, the other three are the further views.
    """
    votes = torch.stack([head.vote(one.float()) for one in cells])
    views = torch.stack([votes.roll(-turn, dims=1) for turn in range(4)], dim=1)
    first, joined = surplus(views[:, :, 0]).amax(dim=-1), surplus(join_views(views))
    size, turn = joined.max(dim=-1)
    head.sure[[1, 3]] = _level(size[:, 0][turn[:, 0] % 2 == 1], wrong * (1 - _RARE) * len(cells))
    head.sure[_UPSIDE_DOWN] = _level(size[:, 0][turn[:, 0] == _UPSIDE_DOWN], wrong * _RARE * len(cells))
    found = (turn > 0) & (size > head.sure[turn])
    right = found & (turn == torch.arange(4))
    if right.any():
        head.suspected = torch.quantile(first[right], 1 - _FOUND)
    found &= first > head.suspected
    right &= found
    return UprightFigures(
        pictures=len(cells),
        wrong=float(found[:, 0].float().mean()),
        suspected=float((first[:, 0] > head.suspected).float().mean()),
        sideways=float(right[:, [1, 3]].float().mean()),
        upside_down=float(right[:, _UPSIDE_DOWN].float().mean()),
    )


def _level(sizes: Tensor, above: float) -> Tensor:
    """The level, at least 0, above which lie as many of some sizes as are given."""
    ordered = torch.cat((sizes, sizes.new_zeros(1))).clamp(min=0).sort(descending=True).values
    return ordered[min(round(above), len(ordered) - 1)]
