"""Tests of training/measure/validation.py."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from colorizer.model.colorist import Colorist
from colorizer.model.lab import rgb_to_lab
from colorizer.model.predictor import Predictor
from colorizer.model.weights import load_weights
from training.data.corpus import Corpus, open_corpus
from training.measure.metrics import squared_error
from training.measure.recolour import recolour, to_tensor
from training.measure.validation import GRID, Score, draw_grid, mean_error, validation_colorist


@pytest.fixture(scope="module")
def corpus(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Validation photographs of two kinds."""
    return open_corpus(photographs / "val", tmp_path_factory.mktemp("cache"), 100)


def test_validation_measures_what_the_product_gives(weights: Path, corpus: Corpus) -> None:
    """The error is that of photographs that a weights file recolours at vividness 0."""
    network, card = load_weights(weights)
    scores = mean_error(validation_colorist(network, card.working_size), corpus, most=2)
    product = Colorist(Predictor.load(weights), decoding=card.decoding(0.0))
    expected = [
        squared_error(rgb_to_lab(recolour(picture, product))[1:], rgb_to_lab(to_tensor(picture))[1:])
        for picture in map(corpus.picture, corpus.some_of_each_kind(2))
    ]
    assert scores.keys() == {"people", "animal"}
    assert Score.sum(scores.values()).error == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_network_in_training_stays_as_it_is(weights: Path) -> None:
    """Validation folds the normalisations of a copy."""
    network, _ = load_weights(weights)
    before = copy.deepcopy(network.state_dict())
    validation_colorist(network, 64)
    assert before.keys() == network.state_dict().keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_a_grid_shows_grey_new_and_true_colours(weights: Path, corpus: Corpus) -> None:
    """Three rows of squares; a photograph that is smaller than its square has a black frame."""
    grid = draw_grid(validation_colorist(load_weights(weights)[0], 64), corpus)
    side = 128 + 2
    assert grid.dtype == torch.uint8
    assert grid.shape == (3, 3 * side + 2, min(GRID, len(corpus)) * side + 2)
    assert grid[:, 2:10, 2:10].max() == 0
    top, middle, bottom = (grid[:, row * side + 60, 40:90].float() for row in range(3))
    assert top.std(dim=0).max() == 0
    assert middle.std(dim=0).max() > 0
    assert bottom.std(dim=0).max() > 0


def test_plain_grey_is_the_measure() -> None:
    """Scores add up; an error equal to grey's is 1 as a part of it."""
    total = Score.sum([Score(1.0, 2.0, 4), Score(3.0, 2.0, 4)])
    assert total.error == pytest.approx(0.5)
    assert total.part_of_grey == pytest.approx(1)
