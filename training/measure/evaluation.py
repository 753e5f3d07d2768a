"""Evaluation of a weights file on colour photographs, beside two baselines."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from rich.progress import track
from torch import Tensor

from colorizer.errors import SettingsError
from colorizer.model.bins import gamut_bins
from colorizer.model.chroma import chroma_of
from colorizer.model.colorist import Colorist
from colorizer.model.lab import lightness_of_luma, rgb_to_lab, ycbcr_to_rgb
from colorizer.model.predictor import Predictor
from colorizer.model.weights import WeightsCard, load_card
from colorizer.photo.picture import MATRIX
from colorizer.weights_path import DEFAULT_WEIGHTS
from training.data.corpus import Corpus, open_corpus
from training.measure.baselines import colour_by_lightness
from training.measure.frechet import Inception, frechet_distance
from training.measure.metrics import COLOURFUL, LARGEST_ERROR, PictureMetrics, measure
from training.measure.recolour import recolour, remove_colour, to_tensor
from training.recipe import Data, load_recipe

METRICS = tuple(field.name for field in fields(PictureMetrics))
COMPARISONS = ("part_of_grey", "colourfulness_part", "colourfulness_difference", "coloured_part", "frechet")

MEANINGS = {
    "part_of_grey": "squared_error as a part of plain grey's on the same pictures: 0 is perfect, 1 no better than grey",
    "colourfulness_part": "colourfulness as a part of the truth's",
    "colourfulness_difference": "colourfulness minus the truth's",
    "coloured_part": "coloured as a part of the truth's",
    "frechet": "Frechet distance of Inception's features from the truth's; comparable only on as many pictures",
    "squared_error": "per-pixel mean squared error, ab mapped to 0..1 by (ab + 128) / 255",
    "psnr": "peak signal to noise ratio of R'G'B', in dB: more is better",
    "ssim": "structural similarity of R'G'B': 1 is perfect",
    "ciede2000": "colour difference CIEDE2000, mean over the pixels: 1 can just be seen",
    "ciede2000_95": "the CIEDE2000 that 95% of the pixels stay under",
    "colourfulness": "Hasler and Suesstrunk's colourfulness, R'G'B' in 0..255",
    "coloured": f"share of the pixels with a chroma over {COLOURFUL}",
    "auc": f"area under the share of pixels whose ab error is smaller, up to {LARGEST_ERROR}: 1 is perfect",
    "auc_rebalanced": "the same with each pixel weighted by how rare its true colour is; one area for all pictures",
    "rarity": "how rare the true colours are: mean weight of the pixels in auc_rebalanced",
    "cast_a": "mean error of a with its sign, in CIE units: over 0 it is too red, under 0 too green",
    "cast_b": "mean error of b with its sign, in CIE units: over 0 it is too yellow, under 0 too blue",
    "neutral": "share of the pixels that are neutral in the truth: chroma under 6",
    "neutral_coloured": "share of those that came out with a chroma over 14",
    "hued": f"share of the pixels with a chroma over {COLOURFUL} in the truth",
    "hue_error": "error of the hue on those, in degrees",
    "skin": "share of the pixels that are skin in the truth, by a rule: hue 20 to 80 degrees, chroma over 8",
    "skin_found": "share of those whose hue is within 30 degrees of the true one, with over half its chroma",
    "skin_hue_error": "error of the hue on skin, in degrees",
}
"""What each figure means, for people."""

PARTS = {
    "neutral_coloured": "neutral",
    "hue_error": "hued",
    "skin_found": "skin",
    "skin_hue_error": "skin",
}
"""Figures that belong to a part of the pixels, and the share of that part: they are weighed by it."""

_ALL = "all"
"""Name of the group of all kinds."""
_REACH = 110
"""No colour of sRGB has an a or b further from 0."""

Summary = dict[str, dict[str, dict[str, float]]]
"""Figures by answer, kind and name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to colour a picture."""

    name: str
    """default, mean, grey, by lightness or truth."""
    rgb: Tensor


@dataclass(frozen=True, slots=True)
class Row:
    """One picture coloured in one way."""

    kind: str
    picture: str
    answer: str
    metrics: PictureMetrics
    features: Tensor | None = None
    """Inception's features, if there is an Inception."""


def open_photographs(source: Path, side: int, cache: Path | None = None) -> Corpus:
    """Open the photographs of a folder tree, or the validation photographs of a recipe.

    Args:
        source: the tree or the recipe.
        side: larger photographs are shrunk to this short side.
        cache: folder of caches; None is the recipe's.

    Raises:
        SettingsError: `source` is neither a folder nor a recipe.
        MediaError: see `open_corpus`.

    """
    data = _data_of(source)
    return open_corpus(data.validation, cache or data.cache, side, decoded=data.stored)


def open_training(source: Path, cache: Path | None = None) -> Corpus:
    """Open the photographs of a folder tree, or the training photographs of a recipe; see `open_photographs`."""
    data = _data_of(source)
    return open_corpus(data.train, cache or data.cache, data.stored_side, decoded=data.stored)


def _data_of(source: Path) -> Data:
    try:
        return Data(train=source, validation=source) if source.is_dir() else load_recipe(source).data
    except SettingsError as error:
        raise SettingsError(f"neither a folder of photographs nor a recipe: {error}") from error


def evaluate(
    recolourer: Recolourer, corpus: Corpus, most: int | None = None, inception: Inception | None = None
) -> list[Row]:
    """Measure how photographs are coloured, with the product's code.

    Args:
        recolourer: has the weights.
        corpus: the photographs.
        most: largest number of photographs of each kind; None is all.
        inception: needed for the Frechet distance.

    """
    rows = []
    for index in track(corpus.some_of_each_kind(most), "Evaluating"):
        picture = corpus.picture(index)
        truth = to_tensor(picture)
        rarity = recolourer.rarity(truth)
        for answer in (*recolourer.answers(picture), Answer("truth", truth)):
            metrics = measure(answer.rgb, truth, rarity)
            features = inception.features(answer.rgb) if inception is not None else None
            rows.append(Row(corpus.kind(index), corpus.name(index), answer.name, metrics, features))
    return rows


class Recolourer:
    """Recolours photographs in each of the compared ways."""

    def __init__(self, weights: Path, device: str) -> None:
        model = Predictor.load(weights, device=device)
        self.card: WeightsCard = model.card
        self.weights = model.weights
        self._rarity = _rarity(self.card)
        self._colorists = {"default": Colorist(model)}
        if self.card.calibration is not None:
            self._colorists["mean"] = Colorist(model, decoding=model.card.decoding(0.0))

    def answers(self, picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Iterator[Answer]:
        """Recolour a photograph, R'G'B', uint8, (H, W, 3), in each way."""
        for name, colorist in self._colorists.items():
            yield Answer(name, recolour(picture, colorist))
        luma = remove_colour(picture)[0]
        yield Answer("grey", luma.expand(3, -1, -1))
        if self.card.mean_colours:
            ab = colour_by_lightness(lightness_of_luma(luma), self.card.mean_colours)
            rgb = ycbcr_to_rgb(torch.cat((luma[None], chroma_of(luma[None], ab[None], MATRIX)), dim=1), MATRIX)[0]
            yield Answer("by lightness", rgb.clamp(0, 1))

    def rarity(self, truth: Tensor) -> Tensor:
        """Weight of each pixel, (H, W): the inverse of how common its colour is.

        This is the weight of Zhang et al. (2016), equation 4 with lambda = 0, as in their 3.1. Its mean is about 1 over
        photographs like the training photographs; if the weights have no prior, like those of tintd's own weights.

        """
        a, b = (rgb_to_lab(truth)[1:].round().long() + _REACH).clamp(0, 2 * _REACH)
        return self._rarity[a, b]


def _rarity(card: WeightsCard) -> Tensor:
    """Weights of all colours in steps of one ab unit: each colour has the weight of its nearest bin."""
    if card.calibration is None or not card.calibration.log_prior:  # a regression head has no bins, so no prior
        return _rarity(load_card(DEFAULT_WEIGHTS))
    steps = torch.arange(-_REACH, _REACH + 1.0)
    bins = gamut_bins(card.architecture.grid)
    # Calibration spreads 5% of the prior evenly over all bins, so it is nowhere 0: no colour has more than 20 times the
    # weight that it would have if all were equally common.
    prior = torch.tensor(card.calibration.log_prior).exp()
    weights = 1 / (prior * len(prior))
    return weights[torch.cdist(torch.cartesian_prod(steps, steps), bins).argmin(dim=1)].view(len(steps), -1)


def summarise(rows: list[Row]) -> Summary:
    """Figures by answer and kind ("all" for all kinds): means of the metrics, and comparisons with grey and the truth.

    See `MEANINGS`. `frechet` needs an Inception, and `skin_found` is a part of the skin of all pictures together. NaN
    stands for an unknown figure.

    """
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.answer, row.kind if row.kind != _ALL else f"{_ALL}/"].append(row)
        groups[row.answer, _ALL].append(row)
    summary: Summary = defaultdict(dict)
    for (answer, kind), group in groups.items():
        summary[answer][kind] = _means([row.metrics for row in group])
        summary[answer][kind]["frechet"] = _frechet(group, groups["truth", kind])
    for by_kind in summary.values():
        for kind, figures in by_kind.items():
            figures.update(_compared(figures, summary["grey"][kind], summary["truth"][kind]))
    return dict(summary)


def _means(metrics: list[PictureMetrics]) -> dict[str, float]:
    figures = {name: statistics.fmean(getattr(one, name) for one in metrics) for name in METRICS}
    figures |= {part: _part(figures[part], figures[whole]) for part, whole in PARTS.items()}
    rarities = [one.rarity for one in metrics]
    figures["auc_rebalanced"] = statistics.fmean((one.auc_rebalanced for one in metrics), weights=rarities)
    return figures | {"pictures": len(metrics)}


def _compared(figures: dict[str, float], grey: dict[str, float], truth: dict[str, float]) -> dict[str, float]:
    return {
        "part_of_grey": _part(figures["squared_error"], grey["squared_error"]),
        "colourfulness_part": _part(figures["colourfulness"], truth["colourfulness"]),
        "colourfulness_difference": figures["colourfulness"] - truth["colourfulness"],
        "coloured_part": _part(figures["coloured"], truth["coloured"]),
    }


def _part(value: float, whole: float) -> float:
    return value / whole if whole else float("nan")


def _frechet(group: list[Row], truths: list[Row]) -> float:
    results, true = ([row.features for row in rows if row.features is not None] for rows in (group, truths))
    return frechet_distance(results, true)


def finite(figure: float) -> float | None:
    """A figure as JSON can represent it: None for NaN and infinity."""
    return figure if math.isfinite(figure) else None


def as_record(row: Row) -> dict[str, object]:
    """A row as flat values for CSV; a figure is empty where it is unknown, such as `skin_found` without any skin."""
    metrics = {name: finite(figure) for name, figure in asdict(row.metrics).items()}
    metrics |= {
        part: finite(_part(getattr(row.metrics, part), getattr(row.metrics, whole))) for part, whole in PARTS.items()
    }
    return {"kind": row.kind, "picture": row.picture, "answer": row.answer, **metrics}
