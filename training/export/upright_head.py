"""Fit the head that finds pictures on their side, and negatives (see `colorizer.model.upright`), to an encoder.

The encoder stays as it is: it looks once at each of the four turns of some photographs and of their negatives, and the
head learns from its mean features. A part of the photographs is kept apart, to measure from when on the head is sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from colorizer.model.upright import NEGATIVE, TURNS, UprightHead, Votes, cells_of, join_views, save_head, surplus
from colorizer.model.weights import load_weights
from training.data.augment import Luma, add_border, degrade, make_negative, vary_tone
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
_STRONG_TONE, _STRONG, _BORDERED = 0.7, 0.15, 0.15
"""Tone of very dark and very faded ones, and their share; share of those with a border."""
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
_WHITE = 100
"""L of white."""
_RARE = 1 / 3
"""Part of the wrong turns that may be half turns: pictures that are upside down are rarer than those on a side."""
_NO_NEGATIVES = 0.001
"""Share of the pictures that may be taken for negatives: those get no colour at all."""
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
    negatives: float
    """Share of the negatives that it finds."""
    no_negatives: float
    """Share of the pictures that it takes for negatives."""
    turned_negatives: float
    """Share of the negatives that it turns."""

    def describe(self) -> str:
        """The figures in a sentence."""
        return (
            f"of {self.pictures} photographs kept apart it finds {self.sideways:.0%} that lie on a side and "
            f"{self.upside_down:.0%} that are upside down; it turns {self.wrong:.2%} of the upright ones, and looks "
            f"again at {self.suspected:.0%}; it finds {self.negatives:.0%} of their negatives, and takes "
            f"{self.no_negatives:.2%} of the photographs for negatives"
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
    """Crops of upright photographs, grey and worn, and their negatives: L, 0..100, (2, 1, h, w).

    All samples of a batch have one shape.
    """

    corpus: Corpus
    side: int

    def __getitem__(self, key: tuple[int, int]) -> Tensor:
        """The crop of a photograph (its index, the number of the sample)."""
        index, number = key
        rng = np.random.default_rng((_SEED, number))
        luma = grey_of(_crop(self.corpus.picture(index), _shape(self.side, number // _BATCH), rng))
        return torch.stack([_scan(luma, rng), _scan(make_negative(luma, rng), rng)])


def _scan(luma: Luma, rng: np.random.Generator) -> Tensor:
    """The lightness of a worn scan, (1, h, w)."""
    if rng.random() < _BORDERED:
        luma = add_border(luma, rng)
    luma = vary_tone(luma, _STRONG_TONE if rng.random() < _STRONG else _TONE, rng)
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
    """What the encoder sees of each photograph, of its negative, and of the inverses of both, batch by batch.

    Yields:
        float16, (N, 4, 4, cells, channels): these four in four turns.

    """
    fold_normalisation(network)
    network.to(memory_format=torch.channels_last)
    device = network.bins.device
    numbered = list(zip(chosen.tolist(), range(len(chosen)), strict=True))
    batches = [numbered[start : start + _BATCH] for start in range(0, len(numbered), _BATCH)]
    for both in track(load_samples(samples, batches, workers=1), "Looking at photographs", total=len(batches)):
        lightness = torch.cat((both, _WHITE - both), dim=1).to(device).flatten(0, 1)
        turns = [pad(lightness.rot90(turn, (-2, -1)), STRIDE)[0] for turn in range(TURNS)]
        with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16_is_faster(device)):
            seen = [network.encode(turn.contiguous(memory_format=torch.channels_last)) for turn in turns]
        cells = torch.stack([cells_of(fine, coarse).half().cpu() for _, fine, coarse, _ in seen], dim=1)
        yield cells.unflatten(0, (-1, 4))


def _learn(cells: Tensor) -> UprightHead:
    """Learn from what the encoder sees; see `_look`."""
    torch.manual_seed(_SEED)
    head = UprightHead()
    turns = torch.arange(TURNS).repeat(len(cells))
    _fit(head.turn, cells[:, 0].flatten(0, 1), lambda votes, which: functional.cross_entropy(votes, turns[which]))
    negative = torch.tensor([0.0, 1.0, 1.0, 0.0]).repeat_interleave(TURNS).repeat(len(cells))[:, None]
    _fit(
        head.negative,
        cells.flatten(0, 2),
        lambda votes, which: functional.binary_cross_entropy_with_logits(votes, negative[which]),
    )
    return head.eval()


def _fit(votes: Votes, views: Tensor, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Fit votes to views (N, cells, channels); the loss is that of the votes for some views, and their numbers."""
    some = views[:: max(1, len(views) // _SAMPLE)].float().flatten(0, 1)
    votes.mean, votes.deviation = some.mean(dim=0), some.std(dim=0) + _TINY
    batch = min(_LEARNT_TOGETHER, len(views))
    optimizer = optim.AdamW(votes.parameters(), weight_decay=_DECAY)
    steps = len(views) // batch
    epochs = max(_EPOCHS, _LEAST_STEPS // steps)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=epochs * steps)
    for order in (torch.randperm(len(views)) for _ in range(epochs)):
        for chosen in order[: steps * batch].split(batch):
            optimizer.zero_grad()
            loss(votes(views[chosen].float(), _DROPOUT), chosen).backward()
            optimizer.step()
            schedule.step()


@torch.inference_mode()
def _measure(head: UprightHead, cells: Tensor, wrong: float) -> UprightFigures:
    """Set from when on a head is sure, by what the encoder sees of photographs (see `_look`), and measure it then.

    The head sees each in four turns. From each of them, the other three are the further views.
    """
    votes = torch.stack([head.vote(one.flatten(0, 1).float()).unflatten(0, (4, TURNS)) for one in cells])
    _set_turn_levels(head, votes[:, 0], wrong)
    _set_negative_levels(head, votes)
    upright, negative = votes[:, 0], votes[:, 1]
    found = _found_turns(head, upright)
    negatives = _found_negatives(head, votes[:, 1], votes[:, 3])
    right = found == torch.arange(TURNS)

    def share(which: Tensor) -> float:
        return float(which.float().mean())

    return UprightFigures(
        pictures=len(cells),
        wrong=share(found[:, 0] > 0),
        suspected=share(_suspected(head, upright)[:, 0]),
        sideways=share(right[:, [1, 3]]),
        upside_down=share(right[:, _UPSIDE_DOWN]),
        negatives=share(negatives),
        no_negatives=share(_found_negatives(head, votes[:, 0], votes[:, 2])),
        turned_negatives=share((_found_turns(head, negative) > 0) & ~negatives),
    )


def _set_turn_levels(head: UprightHead, votes: Tensor, wrong: float) -> None:
    """Set the levels for turns, by the votes (N, 4, 5) for the four turns of upright pictures."""
    size, turn = _joined(votes)
    head.sure[[1, 3]] = _level(size[:, 0][turn[:, 0] % 2 == 1], wrong * (1 - _RARE) * len(votes))
    head.sure[_UPSIDE_DOWN] = _level(size[:, 0][turn[:, 0] == _UPSIDE_DOWN], wrong * _RARE * len(votes))
    right = (turn > 0) & (size > head.sure[turn]) & (turn == torch.arange(TURNS))
    if right.any():
        head.suspected[:TURNS] = torch.quantile(surplus(votes)[..., :TURNS].amax(dim=-1)[right], 1 - _FOUND)


def _set_negative_levels(head: UprightHead, votes: Tensor) -> None:
    """Set the levels for negatives, by the votes for pictures, negatives, and their inverses, (N, 4, 4, 5)."""
    picture, negative, inverse, positive = votes[..., NEGATIVE].unbind(1)
    head.sure[NEGATIVE] = _level((picture - inverse).flatten(), _NO_NEGATIVES * picture.numel())
    found = negative - positive > head.sure[NEGATIVE]
    if found.any():
        head.suspected[NEGATIVE] = torch.quantile(negative[found], 1 - _FOUND)


def _found_negatives(head: UprightHead, votes: Tensor, inverse: Tensor) -> Tensor:
    """Which pictures the head takes for negatives, by the votes (..., 5) for them and for their inverses."""
    vote = votes[..., NEGATIVE]
    return (vote > head.suspected[NEGATIVE]) & (vote - inverse[..., NEGATIVE] > head.sure[NEGATIVE])


def _found_turns(head: UprightHead, votes: Tensor) -> Tensor:
    """By how much the head turns each of the four turns of pictures, by the votes (N, 4, 5) for them."""
    size, turn = _joined(votes)
    return turn * (_suspected(head, votes) & (size > head.sure[turn]))


def _suspected(head: UprightHead, votes: Tensor) -> Tensor:
    """Which turns of pictures the head looks at again, by the votes (N, 4, 5) for them."""
    most = surplus(votes)[..., 1:TURNS].amax(dim=-1)
    return (most > head.suspected[1]) & (votes[..., NEGATIVE] <= 0)


def _joined(votes: Tensor) -> tuple[Tensor, Tensor]:
    """The surplus and the turn that all views of a picture give, for each of its turns, by the votes (N, 4, 5)."""
    views = torch.stack([votes.roll(-turn, dims=1) for turn in range(TURNS)], dim=1)
    size, turn = surplus(join_views(views))[..., :TURNS].max(dim=-1)
    return size, turn


def _level(sizes: Tensor, above: float) -> Tensor:
    """The level, at least 0, above which lie as many of some sizes as are given."""
    ordered = torch.cat((sizes, sizes.new_zeros(1))).clamp(min=0).sort(descending=True).values
    return ordered[min(round(above), len(ordered) - 1)]
