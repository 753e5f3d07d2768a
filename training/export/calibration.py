"""Calibration: the working size at which a network errs least, and how its distribution is best read as a colour."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from rich.progress import track

from colorizer.model.colorist import Colorist
from colorizer.model.lab import rgb_to_lab
from colorizer.model.network import Network
from colorizer.model.predictor import Predictor
from colorizer.model.weights import Calibration, WeightsCard, save_weights
from training.data.corpus import Corpus
from training.measure.baselines import colour_shares, mean_colours
from training.measure.metrics import colourfulness, squared_error
from training.measure.recolour import recolour, to_tensor

WORKING_SIZES = (112, 128, 144, 160, 192)
TEMPERATURES = (0.8, 0.9, 1.0, 1.1, 1.2)
AUTO = 0.7
"""The default vividness; what is above it is for those who want more."""
COLOURFULNESS = 0.95
"""What part of the truth's colourfulness the answer at that vividness has: a little less than all errs much less."""
_LARGEST_SPREAD = 30.0
"""In ab units."""
_SMOOTHING = 0.05
"""Share of the prior that is given to all bins alike, so that none is impossible."""
_CLOSE = 0.01
"""Part of the truth's colourfulness that the answer's may differ by."""
_ROUNDS = 6
_HARDLY = 1.005
"""Times the least error at which a working size errs hardly more."""


def calibrate(network: Network, card: WeightsCard, train: Corpus, validation: Corpus, most: int) -> WeightsCard:
    """Measure what belongs into a weights file.

    The working size (see `_sized`) and the temperature are those at which the mean errs least. The spread is that by
    which the answer is nearly as colourful as the photographs.

    Args:
        network: trained, in evaluation mode.
        card: what is known of it.
        train: for the prior.
        validation: for everything else.
        most: photographs of each kind that are looked at.

    """
    card = card.model_copy(update={"mean_colours": mean_colours(train)})
    pictures = validation.some_of_each_kind(most)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "weights"

        def measured(found: WeightsCard, vividness: float | Literal["auto"]) -> tuple[float, float]:
            save_weights(path, network, found)
            return _measure(path, vividness, validation, pictures)

        if card.architecture.head == "regression":
            return _sized(card, lambda found: measured(found, "auto")[0])
        card = _with(card, vividness=AUTO, log_prior=_log_prior(network, train))
        card = _sized(card, lambda found: measured(found, 0.0)[0])
        card = min((_with(card, temperature=one) for one in TEMPERATURES), key=lambda found: measured(found, 0.0)[0])
        truth = statistics.fmean(colourfulness(to_tensor(validation.picture(index))) for index in pictures)
        return _with_spread(card, lambda found: measured(found, AUTO)[1] / truth)


def _with_spread(card: WeightsCard, colourfulness_part: Callable[[WeightsCard], float]) -> WeightsCard:
    """The card with the spread by which the answer has `COLOURFULNESS`; found by bisection."""
    low, high = 0.0, _LARGEST_SPREAD
    for _ in range(_ROUNDS):
        card = _with(card, spread=round((low + high) / 2, 2))
        part = colourfulness_part(card)
        if abs(part - COLOURFULNESS) < _CLOSE:
            break
        low, high = ((low + high) / 2, high) if part < COLOURFULNESS else (low, (low + high) / 2)
    return card


def _measure(
    path: Path, vividness: float | Literal["auto"], validation: Corpus, pictures: Sequence[int]
) -> tuple[float, float]:
    """Mean squared error and mean colourfulness of photographs through the product's path."""
    colorist = _colorist(path, vividness)
    errors, colours = [], []
    for index in track(pictures, "Calibrating", transient=True):
        picture = validation.picture(index)
        result = recolour(picture, colorist)
        errors.append(squared_error(rgb_to_lab(result)[1:], rgb_to_lab(to_tensor(picture))[1:]))
        colours.append(colourfulness(result))
    return statistics.fmean(errors), statistics.fmean(colours)


def _colorist(path: Path, vividness: float | Literal["auto"]) -> Colorist:
    model = Predictor.load(path)
    return Colorist(model, decoding=model.card.decoding(vividness))


def _log_prior(network: Network, train: Corpus) -> tuple[float, ...]:
    """Logarithm of each bin's share of the training photographs' pixels, smoothed."""
    shares = colour_shares(train, network.bins.cpu())
    prior = (1 - _SMOOTHING) * shares + _SMOOTHING / len(shares)
    return tuple(round(value, 4) for value in prior.log().tolist())


def _sized(card: WeightsCard, error_of: Callable[[WeightsCard], float]) -> WeightsCard:
    """The card with the smallest working size that errs hardly more than the best: a larger one costs its square.

    The size that the network was trained at is one of them.
    """
    sizes = sorted({*WORKING_SIZES, card.working_size})
    sized = [card.model_copy(update={"working_size": size}) for size in sizes]
    errors = [error_of(one) for one in sized]
    return next(one for one, error in zip(sized, errors, strict=True) if error <= _HARDLY * min(errors))


def _with(card: WeightsCard, **update: float | tuple[float, ...]) -> WeightsCard:
    calibration = card.calibration or Calibration()
    return card.model_copy(update={"calibration": calibration.model_copy(update=update)})
