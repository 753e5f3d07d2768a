"""The baseline that a network must beat, the mean colour by lightness, and how rare each colour is."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.bins import soft_encode
from colorizer.model.lab import rgb_to_lab
from training.data.corpus import Corpus
from training.measure.recolour import to_tensor

STEPS = 20
"""Steps of lightness, each with its mean colour."""
_PICTURES = 2000
"""Largest number of training photographs that are counted, evenly spread."""


@torch.inference_mode()
def mean_colours(train: Corpus) -> tuple[tuple[float, float], ...]:
    """Mean a and b of the training photographs' pixels, for each step of lightness."""
    total, number = torch.zeros(2, STEPS), torch.zeros(STEPS)
    for index in spread(len(train), _PICTURES):
        lab = rgb_to_lab(to_tensor(train.picture(index))).flatten(1)
        step = (lab[0] / 100 * STEPS).long().clamp(0, STEPS - 1)
        number.index_add_(0, step, torch.ones_like(lab[0]))
        total.index_add_(1, step, lab[1:])
    mean = total / number.clamp(min=1)
    return tuple((round(a, 3), round(b, 3)) for a, b in mean.T.tolist())


def colour_by_lightness(lightness: Tensor, means: tuple[tuple[float, float], ...]) -> Tensor:
    """The baseline's ab, float32, (2, H, W), for a lightness, 0..100, (1, H, W)."""
    table = torch.tensor(means)
    return table[(lightness[0] / 100 * len(table)).long().clamp(0, len(table) - 1)].permute(2, 0, 1)


@torch.inference_mode()
def colour_shares(train: Corpus, bins: Tensor) -> Tensor:
    """The share of each bin (K, 2) in the pixels of the training photographs, (K,)."""
    total = torch.zeros(len(bins))
    for index in spread(len(train), _PICTURES):
        ab = rgb_to_lab(to_tensor(train.picture(index)))[1:]
        total += soft_encode(functional.avg_pool2d(ab, 4)[None], bins).mean(dim=(0, 2, 3))
    return total / total.sum()


def spread(size: int, most: int) -> list[int]:
    """At most `most` indices below `size`, evenly spread."""
    return [int(place) for place in np.linspace(0, size - 1, min(size, most))]
