"""Calibration: the working size with the least error, and how the distribution is best read as a colour."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
"""The default vividness; users can ask for more."""
COLOURFULNESS = 0.95
"""Colourfulness at that vividness as a part of the truth's: a little less than 1 has much less error."""
_LARGEST_SPREAD = 30.0
"""Largest spread that is tried, in ab units."""
_SMOOTHING = 0.05
"""Share of the prior that is spread evenly over all bins, so that none is impossible."""
_CLOSE = 0.01
"""Largest accepted difference of colourfulness, as a part of the truth's."""
_ROUNDS = 6
_TOLERANCE = 1.005
"""A working size whose error is at most this many times the least error is good enough."""


def calibrate(network: Network, card: WeightsCard, train: Corpus, validation: Corpus, most: int) -> WeightsCard:
    """Measure what a weights file says of its network.

    The working size (see `_choose_size`) and the temperature are those with the least error of the mean. The spread is
    the one at which the result is nearly as colourful as the photographs.

    Args:
        network: trained, in evaluation mode.
        card: what is known already.
        train: photographs for the prior and the mean colours.
        validation: photographs for everything else.
        most: largest number of validation photographs of each kind.

    """
    card = card.model_copy(update={"mean_colours": mean_colours(train)})
    trial = _Trial(_as_saved(network, card), validation, validation.some_of_each_kind(most))
    if card.architecture.head == "regression":
        return _choose_size(card, lambda found: trial.measure(found, None)[0])
    card = _with(card, vividness=AUTO, log_prior=_log_prior(network, train))
    card = _choose_size(card, lambda found: trial.measure(found, 0.0)[0])
    card = min((_with(card, temperature=one) for one in TEMPERATURES), key=lambda found: trial.measure(found, 0.0)[0])
    truth = trial.true_colourfulness()
    return _choose_spread(card, lambda found: trial.measure(found, AUTO)[1] / truth)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Photographs on which calibrations of one network are compared."""

    model: Predictor
    validation: Corpus
    pictures: Sequence[int]

    def measure(self, card: WeightsCard, vividness: float | None) -> tuple[float, float]:
        """Mean squared error and mean colourfulness of the recoloured photographs; None is the only answer there is."""
        colorist = Colorist(self.model, card.working_size, card.decoding("auto" if vividness is None else vividness))
        errors, colours = [], []
        for index in track(self.pictures, "Calibrating", transient=True):
            picture = self.validation.picture(index)
            result = recolour(picture, colorist)
            errors.append(squared_error(rgb_to_lab(result)[1:], rgb_to_lab(to_tensor(picture))[1:]))
            colours.append(colourfulness(result))
        return statistics.fmean(errors), statistics.fmean(colours)

    def true_colourfulness(self) -> float:
        """Mean colourfulness of the photographs."""
        return statistics.fmean(colourfulness(to_tensor(self.validation.picture(index))) for index in self.pictures)


def _as_saved(network: Network, card: WeightsCard) -> Predictor:
    """The network with the half-precision tensors that its weights file will have."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "weights"
        save_weights(path, network, card)
        return Predictor.load(path)


def _choose_spread(card: WeightsCard, colourfulness_part: Callable[[WeightsCard], float]) -> WeightsCard:
    """The card with the spread at which the result has `COLOURFULNESS`, found by bisection."""
    low, high = 0.0, _LARGEST_SPREAD
    for _ in range(_ROUNDS):
        card = _with(card, spread=round((low + high) / 2, 2))
        part = colourfulness_part(card)
        if abs(part - COLOURFULNESS) < _CLOSE:
            break
        low, high = ((low + high) / 2, high) if part < COLOURFULNESS else (low, (low + high) / 2)
    return card


def _log_prior(network: Network, train: Corpus) -> tuple[float, ...]:
    """Logarithm of each bin's share of the training photographs' pixels, smoothed."""
    shares = colour_shares(train, network.bins.cpu())
    prior = (1 - _SMOOTHING) * shares + _SMOOTHING / len(shares)
    return tuple(round(value, 4) for value in prior.log().tolist())


def _choose_size(card: WeightsCard, error_of: Callable[[WeightsCard], float]) -> WeightsCard:
    """The card with the smallest working size whose error is hardly more than the least: the cost grows as its square.

    The candidates include the size at which the network was trained.
    """
    sizes = sorted({*WORKING_SIZES, card.working_size})
    sized = [card.model_copy(update={"working_size": size}) for size in sizes]
    errors = [error_of(one) for one in sized]
    return next(one for one, error in zip(sized, errors, strict=True) if error <= _TOLERANCE * min(errors))


def _with(card: WeightsCard, **update: float | tuple[float, ...]) -> WeightsCard:
    calibration = card.calibration or Calibration()
    return card.model_copy(update={"calibration": calibration.model_copy(update=update)})
