"""Tests of training/data/augment.py."""

import numpy as np
import pytest

from training.data.augment import Luma, add_border, degrade, make_negative, vary_tone


def ramp() -> Luma:
    """Luma with every tone from black to white."""
    return np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_luma_is_still_one(seed: int) -> None:
    """The result is float32 in 0..1, of the same size."""
    rng = np.random.default_rng(seed)
    changed = degrade(vary_tone(ramp(), 0.3, rng), rng)
    assert (changed.shape, changed.dtype) == ((64, 64), np.float32)
    assert 0 <= changed.min() <= changed.max() <= 1


@pytest.mark.parametrize("seed", range(10))
def test_tone_keeps_the_order_of_tones(seed: int) -> None:
    """A brighter tone never becomes darker than another."""
    toned = vary_tone(ramp(), 0.3, np.random.default_rng(seed))[0]
    assert (np.diff(toned) >= -1e-6).all()


def test_some_pictures_are_degraded_and_some_are_not() -> None:
    """Each defect is applied at random."""
    changed = [not np.array_equal(degrade(ramp(), np.random.default_rng(seed)), ramp()) for seed in range(40)]
    assert 0 < sum(changed) < 40


@pytest.mark.parametrize("seed", range(10))
def test_a_negative_is_dark_where_its_picture_is_light(seed: int) -> None:
    """By the curve of a film as by plain inversion: a lighter tone never becomes a lighter one."""
    negative = make_negative(ramp(), np.random.default_rng(seed))
    assert (negative.shape, negative.dtype) == ((64, 64), np.float32)
    assert 0 <= negative.min() < negative.max() <= 1
    assert (np.diff(negative[0]) <= 1e-6).all()


@pytest.mark.parametrize("seed", range(10))
def test_a_border_has_one_shade(seed: int) -> None:
    """What it surrounds stays as it is."""
    bordered = add_border(ramp(), np.random.default_rng(seed))
    outside = bordered[bordered != ramp()]
    assert len(np.unique(outside)) <= 1
    assert (bordered[6:-6, 6:-6] == ramp()[6:-6, 6:-6]).all()
