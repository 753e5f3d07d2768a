"""Ways to read a network's distributions, compared on photographs at the network's own resolution."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from rich.progress import track
from torch import Tensor
from torch.nn import functional

from colorizer.bins import Expected, Reading, enliven, expect
from colorizer.colorist import shrink, working_extent
from colorizer.lab import lab_to_rgb, lightness_of_luma, rgb_to_lab
from colorizer.network import STRIDE, Network
from colorizer.padding import pad
from training.colouring import print_in_grey, to_tensor
from training.corpus import Corpus
from training.metrics import coloured, colourfulness

DULLEST, GAUDIEST = 0.77, 1.18
"""Parts of the truth's between which the colourfulness of every kind should lie, and the coloured pixels of all."""
_HALVINGS = 7


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a network says of one photograph, padded, and what is true there."""

    kind: str
    logits: Tensor
    """float16, (1, K, H, W)."""
    lab: Tensor
    """The truth at the same resolution, (3, H, W)."""
    colourfulness: float


class Distributions:
    """A network's answers to photographs, to be read in several ways without asking again."""

    def __init__(
        self, network: Network, log_prior: Sequence[float], size: int, photographs: Corpus, indices: Sequence[int]
    ) -> None:
        self._bins, self._log_prior = network.bins, torch.tensor(log_prior)
        self._seen = [
            _look(network, photographs, index, size) for index in track(indices, "Asking the network", transient=True)
        ]

    def error(self, reading: Reading) -> float:
        """Squared error as a part of grey's, the mean over the kinds, so that a large one does not decide alone."""
        errors: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for seen, rgb in zip(self._seen, self._shown(reading), strict=True):
            ab, truth = rgb_to_lab(rgb)[1:], seen.lab[1:]
            errors[seen.kind].append((float((ab - truth).square().mean()), float(truth.square().mean())))
        return statistics.fmean(map(_part, errors.values()))

    def uneven(self, reading: Reading) -> bool:
        """Whether some kind comes out much duller or more colourful than it is, or far more or less is coloured."""
        colours: dict[str, list[tuple[float, float]]] = defaultdict(list)
        areas = []
        for seen, rgb in zip(self._seen, self._shown(reading), strict=True):
            colours[seen.kind].append((colourfulness(rgb), seen.colourfulness))
            areas.append((coloured(rgb_to_lab(rgb)[1:]), coloured(seen.lab[1:])))
        parts = [_part(areas), *map(_part, colours.values())]
        return min(parts) < DULLEST or max(parts) > GAUDIEST

    def match(self, reading: Reading, most: float) -> Reading:
        """The reading with the gain, up to `most`, at which it is as colourful as the truth."""
        truth = statistics.fmean(seen.colourfulness for seen in self._seen)
        expected = self._expected(reading)
        low, high = 0.0, most
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            found = [
                colourfulness(_rgb(seen, enliven(one, middle)[0]))
                for seen, one in zip(self._seen, expected, strict=True)
            ]
            low, high = (middle, high) if statistics.fmean(found) < truth else (low, middle)
        return replace(reading, gain=low)

    def _shown(self, reading: Reading) -> list[Tensor]:
        """R'G'B' (3, H, W) of each photograph."""
        coloured_in = (enliven(expected, reading.gain)[0] for expected in self._expected(reading))
        return [_rgb(seen, ab) for seen, ab in zip(self._seen, coloured_in, strict=True)]

    def _expected(self, reading: Reading) -> list[Expected]:
        return [expect(seen.logits.float(), self._bins, self._log_prior, reading) for seen in self._seen]


@torch.inference_mode()
def _look(network: Network, photographs: Corpus, index: int, size: int) -> _Seen:
    picture = photographs.picture(index)
    height, width, _ = picture.shape
    extent = working_extent(height, width, size)
    padded, _ = pad(lightness_of_luma(shrink(print_in_grey(picture), extent)), STRIDE)
    true, _ = pad(shrink(to_tensor(picture)[None], extent), STRIDE)
    logits = network(padded.contiguous(memory_format=torch.channels_last))
    lab = functional.avg_pool2d(rgb_to_lab(true), kernel_size=4)[0]
    return _Seen(photographs.kind(index), logits.half(), lab, colourfulness(lab_to_rgb(lab).clamp(0, 1)))


def _part(pairs: Sequence[tuple[float, float]]) -> float:
    """The first of all pairs together, as a part of the second of them."""
    return sum(one for one, _ in pairs) / sum(whole for _, whole in pairs)


def _rgb(seen: _Seen, ab: Tensor) -> Tensor:
    return lab_to_rgb(torch.cat((seen.lab[:1], ab))).clamp(0, 1)
