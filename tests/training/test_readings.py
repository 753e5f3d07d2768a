"""Tests of training/readings.py, with the shipped weights on free photographs."""

from pathlib import Path

import pytest

from colorizer.bins import Reading
from colorizer.weights import DEFAULT_WEIGHTS, load_weights
from training.corpus import open_corpus
from training.readings import Distributions


@pytest.fixture(scope="module")
def distributions(photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """What the shipped network says of eight photographs."""
    network, card = load_weights(DEFAULT_WEIGHTS)
    assert card.calibration is not None
    corpus = open_corpus(photographs / "val", tmp_path_factory.mktemp("cache"), side=120)
    return Distributions(network.eval(), card.calibration.log_prior, 96, corpus, range(8))


def test_a_flat_reading_is_dull(distributions: Distributions) -> None:
    """At a high temperature all colours count alike, whatever the picture shows: the error is that of ignorance."""
    flat = Reading(temperature=1000)
    assert distributions.error(flat) > distributions.error(Reading())
    assert distributions.uneven(flat)


def test_a_gain_makes_it_as_colourful_as_the_truth(distributions: Distributions) -> None:
    """Up to the largest; more than that is gaudy."""
    matched = distributions.match(Reading(), most=5)
    assert 0 < matched.gain < 5
    assert distributions.match(Reading(), most=matched.gain / 2).gain == pytest.approx(matched.gain / 2, rel=0.02)
    assert distributions.uneven(Reading(gain=5))
