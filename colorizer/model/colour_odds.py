"""The odds that a picture is in colour: numbers that are measured in it, and a logistic regression on them.

Where these do not decide, small networks compare what lies where: the colours of the picture, what is left of them
without a tint, and the colours that the colour model expects of the luma. Sky, grass and skin have the colours that
their luma suggests, also where they have faded; washes of paint end where things end. A stain, silver mirrors, a wash
of light and a tint do neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from math import log

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from colorizer.model.own_colour import about_median, local_deviations
from colorizer.weights_path import COLOUR_HEAD

_MANY, _MOST = 0.8, 0.95
"""Shares of the cells whose colour counts; the strongest may be an object, a stain or ink."""
_USUAL_PLACE = 0.3
"""Quantile of the neighbourhoods: most of a picture in colour has colours that place and lightness do not explain."""
_LEAST = 0.03
"""Ab units that are added to each deviation, so that its logarithm exists."""
# Fitted to the tuning half of benchmarks/colour_verdicts.py; there, doubtful ones are grey.
_WEIGHTS = (6.9, -1.8, 4.3, 3.3, -3.2, -2.7, 1.4, 3.2, 6.2)
"""Weights of what `measure` returns."""
_BIAS = -2.4
_SIDE = 32
"""Rows and columns of the maps that the network sees; it does not see how long a picture is."""
_CHANNELS = (13, 16, 24, 32)
_MIXED, _DROPOUT = 24, 0.2
HEADS = 4
"""Number of heads whose odds are averaged."""
_FINEST = 2.0
"""Ab units up to which maps show colours in proportion; stronger ones by their logarithm."""
_USUAL_DEVIATION = 20.0
"""Ab units of the deviation of expected colours that count as 1."""
_FARTHEST = 4.0
"""Numbers count as at most so many standard deviations from their mean, so that odd pictures get no odd answers."""
_TINY = 1e-3


def measure(own: Tensor, lab: Tensor) -> tuple[float, ...]:
    """What speaks for colour.

    Args:
        own: own colour of the cells of a picture, ab, (2, rows, columns).
        lab: the cells as they are, CIE Lab, (3, rows, columns).

    Returns:
        Logarithms of deviations from grey, in ab units: of most own colours, of most colours and of all colours from
        their median, each along the hue that has least and along that of most; then of all colours along the hue of
        most, and of what place and lightness do not explain. The last number says how far edges are shared.

    """
    without_cast = about_median(lab[1:])
    deviations = (
        *_deviations(_usual(own, _MANY)),
        *_deviations(_usual(without_cast, _MOST)),
        *_deviations(without_cast.flatten(1)),
        _deviations(lab[1:].flatten(1))[1],
        float(local_deviations(lab[1:], lab[:1]).quantile(_USUAL_PLACE)),
    )
    return *(log(deviation + _LEAST) for deviation in deviations), _shared_edges(own, lab[:1])


def odds(measured: tuple[float, ...]) -> float:
    """Logarithm of the odds that a picture is in colour, by what was measured in it."""
    return _BIAS + sum(weight * number for weight, number in zip(_WEIGHTS, measured, strict=True))


class ColourHead(nn.Module):
    """Maps and numbers to the odds.

    Input: maps (N, 13, 32, 32), see `maps_of`, and numbers (N, 9), see `measure`.
    Output: logarithms of the odds that each picture is in colour, (N,).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, numbers: int = 9) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("deviation", torch.ones(numbers))
        first, second, third, last = _CHANNELS
        self.see = nn.Sequential(
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(second, third, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(third, last, 3, padding=1),
            nn.ReLU(),
        )
        self.mix = nn.Linear(2 * last + numbers, _MIXED)
        self.forget = nn.Dropout(_DROPOUT)
        self.answer = nn.Linear(_MIXED, 1)

    def forward(self, maps: Tensor, numbers: Tensor) -> Tensor:
        """See the class."""
        seen = self.see(maps)
        usual = ((numbers - self.mean) / self.deviation).clamp(-_FARTHEST, _FARTHEST)
        mixed = functional.relu(self.mix(torch.cat((seen.mean((2, 3)), seen.amax((2, 3)), usual), dim=1)))
        odds: Tensor = self.answer(self.forget(mixed))[:, 0]
        return odds


class ColourHeads(nn.Module):
    """The mean of the odds of several heads, each of which has learnt from other photographs.

    Input and output: those of `ColourHead`.
    """

    def __init__(self, heads: Iterable[ColourHead]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(heads)

    def forward(self, maps: Tensor, numbers: Tensor) -> Tensor:
        """See the class."""
        return torch.stack([head(maps, numbers) for head in self.heads]).mean(dim=0)


@cache
def load_colour_heads() -> ColourHeads:
    """The heads that come with tintd."""
    heads = ColourHeads(ColourHead() for _ in range(HEADS))
    heads.load_state_dict(load_file(COLOUR_HEAD))
    return heads.eval()


@torch.inference_mode()
def odds_with_expected(measured: tuple[float, ...], own: Tensor, lab: Tensor, expected: Tensor) -> float:
    """Logarithm of the odds that a picture is in colour, by what the colour model expects too.

    Args:
        measured: see `measure`.
        own: see `maps_of`.
        lab: see `maps_of`.
        expected: see `maps_of`.

    """
    return float(load_colour_heads()(maps_of(own, lab, expected)[None], torch.tensor([measured])))


def maps_of(own: Tensor, lab: Tensor, expected: Tensor) -> Tensor:
    """What a head sees of the cells of a picture, (13, 32, 32).

    Args:
        own: ab without a tint, (2, rows, columns); see `own_colour`.
        lab: CIE Lab, (3, rows, columns).
        expected: moments of the expected colours, (5, rows, columns); see `expected_colour`.

    """
    a, b, aa, _, bb = expected
    deviation = (aa - a * a + bb - b * b).clamp(min=0).sqrt() / _USUAL_DEVIATION
    colours = torch.cat((own, about_median(lab[1:]), lab[1:], expected[:2]))
    maps = torch.cat((lab[:1] / 50 - 1, torch.asinh(colours / _FINEST), deviation[None]))
    maps = functional.adaptive_avg_pool2d(maps, (_SIDE, _SIDE))
    own, without_cast, expected = maps[1:3], maps[3:5], maps[7:9]
    agreement = (_along(own, expected), _across(own, expected), _along(without_cast, about_median(expected)))
    return torch.cat((maps, torch.stack(agreement) / 2))


def _along(one: Tensor, other: Tensor) -> Tensor:
    """The scalar product of colours (2, h, w) at each place: positive where they have about one hue."""
    return (one * other).sum(dim=0)


def _across(one: Tensor, other: Tensor) -> Tensor:
    """The third component of their cross product: the side to which the other hue lies."""
    return one[0] * other[1] - one[1] * other[0]


def _usual(colours: Tensor, share: float) -> Tensor:
    """The colours (2, N) of a share of the cells (2, rows, columns): all but the strongest."""
    sizes = colours.norm(dim=0)
    return colours[:, sizes <= sizes.quantile(share)]


def _deviations(ab: Tensor) -> tuple[float, float]:
    """Standard deviations from grey of colours (2, N): along the hue that they have least, and along that of most."""
    squares = torch.linalg.eigvalsh(ab @ ab.T / max(1, ab.shape[1])).clamp(min=0)
    least, most = squares.sqrt().tolist()
    return least, most


def _shared_edges(colour: Tensor, lightness: Tensor) -> float:
    """How far colour changes where lightness does: 1 if they are independent."""
    colours, lights = _changes(colour), _changes(lightness)
    return float((colours * lights).mean() / (colours.mean() * lights.mean() + _TINY)) if colours.numel() else 0.0


def _changes(planes: Tensor) -> Tensor:
    """Length of the gradient of planes (C, h, w), (h - 1, w - 1)."""
    down = planes[:, 1:, 1:] - planes[:, :-1, 1:]
    across = planes[:, 1:, 1:] - planes[:, 1:, :-1]
    return (down.square().sum(dim=0) + across.square().sum(dim=0)).sqrt()
