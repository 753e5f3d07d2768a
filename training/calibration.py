"""Calibration: the working size at which a network errs least, and how its distribution is best read as a colour."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Sequence
from itertools import product
from pathlib import Path

from rich.progress import track

from colorizer.bins import Reading
from colorizer.colorist import Colorist
from colorizer.lab import rgb_to_lab
from colorizer.network import Network
from colorizer.predictor import Predictor
from colorizer.weights import Calibration, WeightsCard, save_weights
from training.baselines import colour_shares, mean_colours
from training.colouring import recolour, to_tensor
from training.corpus import Corpus
from training.metrics import colourfulness, squared_error
from training.readings import Distributions

WORKING_SIZES = (112, 128, 144, 160, 192)
MEAN_TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1)
STYLES = ((1.0, 0.0), *product((0.8, 0.65, 0.5), (0.2, 0.28, 0.35, 0.42)))
"""Temperatures, as parts of the mean's, and weights of the prior: how much is sharpened before there is any gain."""
AUTO = 0.7
"""The vividness that matches the truth's colourfulness; what is above it is for those who want more."""
_LEAST_GAIN, _MOST_GAIN = 0.0, 1.5
_SMOOTHING = 0.05
"""Share of the prior that is given to all bins alike, so that none is impossible."""
_CLOSE = 0.01
"""Part of the truth's colourfulness that the answer's may differ by."""
_ROUNDS = 4


def calibrate(network: Network, card: WeightsCard, train: Corpus, validation: Corpus, most: int) -> WeightsCard:
    """Measure what belongs into a weights file.

    The mean's temperature and working size are those of the least error. The vivid answer is as colourful as the
    photographs, by the style that errs least at that, if it can be one by which no kind is much duller or gaudier.

    Args:
        network: trained, in evaluation mode.
        card: what is known of it.
        train: for the prior.
        validation: for everything else.
        most: photographs of each kind that are looked at.

    """
    card = card.model_copy(update={"mean_colours": mean_colours(train)})
    pictures = validation.first_of_each_kind(most)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "weights"

        def measured(found: WeightsCard, vividness: float | None) -> tuple[float, float]:
            save_weights(path, network, found)
            return _measure(path, vividness, validation, pictures)

        if card.architecture.head == "regression":
            return min(_sized(card), key=lambda found: measured(found, None)[0])
        card = _with(card, Calibration(log_prior=_log_prior(network, train)))
        card = min(_sized(card), key=lambda found: measured(found, 0.0)[0])
        card, gain = _read_best(network, card, validation, pictures)
        truth = statistics.fmean(colourfulness(to_tensor(validation.picture(index))) for index in pictures)
        low, high = _LEAST_GAIN, _MOST_GAIN
        for _ in range(_ROUNDS):
            found = measured(_with_gain(card, gain), AUTO)[1] / truth
            low, high = (gain, high) if found < 1 else (low, gain)
            if abs(found - 1) < _CLOSE:
                break
            # A gain of 1 makes most pictures rather less than twice as colourful.
            gain = min(max(gain - math.log2(found), low), high)
    return _with_gain(card, gain)


def _read_best(
    network: Network, card: WeightsCard, validation: Corpus, pictures: Sequence[int]
) -> tuple[WeightsCard, float]:
    """The card with the best temperature of the mean and the best style, and about the gain that it needs."""
    calibration = card.calibration or Calibration()
    seen = Distributions(network, calibration.log_prior, card.working_size, validation, pictures)
    mean = min(MEAN_TEMPERATURES, key=lambda temperature: seen.error(Reading(temperature)))
    matched = [seen.match(Reading(mean * part, weight), _MOST_GAIN) for part, weight in STYLES]
    best = min(matched, key=lambda reading: (seen.uneven(reading), seen.error(reading)))
    update = {
        "mean_temperature": mean,
        "vivid_temperature": round(mean * (best.temperature / mean) ** (1 / AUTO), 4),
        "vivid_prior_weight": round(best.prior_weight / AUTO, 4),
        "vividness": AUTO,
    }
    return _with(card, calibration.model_copy(update=update)), best.gain


def _measure(path: Path, vividness: float | None, validation: Corpus, pictures: Sequence[int]) -> tuple[float, float]:
    """Mean squared error and mean colourfulness of photographs through the product's path."""
    colorist = Colorist(Predictor(path, vividness="auto" if vividness is None else vividness))
    errors, colours = [], []
    for index in track(pictures, "Calibrating", transient=True):
        picture = validation.picture(index)
        result = recolour(picture, colorist)
        errors.append(squared_error(rgb_to_lab(result)[1:], rgb_to_lab(to_tensor(picture))[1:]))
        colours.append(colourfulness(result))
    return statistics.fmean(errors), statistics.fmean(colours)


def _log_prior(network: Network, train: Corpus) -> tuple[float, ...]:
    """Logarithm of each bin's share of the training photographs' pixels, smoothed."""
    shares = colour_shares(train, network.bins.cpu())
    prior = (1 - _SMOOTHING) * shares + _SMOOTHING / len(shares)
    return tuple(round(value, 4) for value in prior.log().tolist())


def _sized(card: WeightsCard) -> list[WeightsCard]:
    return [card.model_copy(update={"working_size": size}) for size in WORKING_SIZES]


def _with_gain(card: WeightsCard, gain: float) -> WeightsCard:
    """The card with a gain at the vividness `AUTO`."""
    calibration = card.calibration or Calibration()
    return _with(card, calibration.model_copy(update={"vivid_gain": round(gain / AUTO, 4)}))


def _with(card: WeightsCard, calibration: Calibration) -> WeightsCard:
    return card.model_copy(update={"calibration": calibration})
