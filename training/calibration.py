"""Calibration: the working size at which a network errs least, its temperatures, and its vividness."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from rich.progress import track

from colorizer.colorist import Colorist
from colorizer.lab import rgb_to_lab
from colorizer.network import Network
from colorizer.predictor import Predictor
from colorizer.weights import Calibration, WeightsCard, save_weights
from training.baselines import colour_shares, mean_colours
from training.colouring import recolour, to_tensor
from training.corpus import Corpus
from training.metrics import colourfulness, squared_error

WORKING_SIZES = (112, 128, 144, 160, 192)
MEAN_TEMPERATURES = (0.7, 0.8, 0.9, 1.0, 1.1)
VIVIDNESSES = (0.0, 0.25, 0.5, 0.75, 1.0)
_SMOOTHING = 0.05
"""Share of the prior that is given to all bins alike, so that none is impossible."""


def calibrate(network: Network, card: WeightsCard, train: Corpus, validation: Corpus, most: int) -> WeightsCard:
    """Measure what belongs into a weights file.

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
            cards = [card.model_copy(update={"working_size": size}) for size in WORKING_SIZES]
            return min(cards, key=lambda found: measured(found, None)[0])
        card = _with(card, Calibration(log_prior=_log_prior(network, train)))
        cards = [card.model_copy(update={"working_size": size}) for size in WORKING_SIZES]
        card = min(cards, key=lambda found: measured(found, 0.0)[0])
        calibration = card.calibration or Calibration()
        cards = [_with(card, calibration.model_copy(update={"mean_temperature": t})) for t in MEAN_TEMPERATURES]
        card = min(cards, key=lambda found: measured(found, 0.0)[0])
        truth = statistics.fmean(colourfulness(to_tensor(validation.picture(index))) for index in pictures)
        results = [measured(card, vividness)[1] for vividness in VIVIDNESSES]
    vividness = _where(VIVIDNESSES, results, truth)
    return _with(card, (card.calibration or calibration).model_copy(update={"vividness": vividness}))


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


def _where(places: Sequence[float], values: Sequence[float], wanted: float) -> float:
    """The place at which a rising line of values reaches the wanted one."""
    for (low, high), (before, after) in zip(pairwise(places), pairwise(values), strict=True):
        if before <= wanted <= after:
            return round(low + (high - low) * (wanted - before) / (after - before), 2)
    return places[0] if wanted < values[0] else places[-1]


def _with(card: WeightsCard, calibration: Calibration) -> WeightsCard:
    return card.model_copy(update={"calibration": calibration})
