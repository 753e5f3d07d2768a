"""Tests of training/data/samples.py."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from colorizer.errors import SettingsError
from training.data.corpus import Corpus, open_corpus
from training.data.samples import Samples, ShuffledBatches, check_shares, grey_of, load_samples
from training.recipe import Data, RunRecipe, Schedule


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 30))
def test_every_photograph_is_seen_once_an_epoch(photographs: int, batch: int, steps: int) -> None:
    """Each epoch has a new order."""
    order = ShuffledBatches(photographs, batch, range(steps), seed=1)
    seen = [index for step in order for index, _ in step]
    for start in range(0, len(seen) - photographs + 1, photographs):
        assert sorted(seen[start : start + photographs]) == list(range(photographs))


@given(st.integers(1, 29))
def test_a_resumed_run_sees_what_it_would_have_seen(resumed: int) -> None:
    """A run can resume at any step."""
    whole = list(ShuffledBatches(13, 4, range(30), seed=1))
    assert list(ShuffledBatches(13, 4, range(resumed, 30), seed=1)) == whole[resumed:]


def test_two_processes_see_together_what_one_sees() -> None:
    """Each process has half of every batch."""
    whole = list(ShuffledBatches(13, 8, range(20), seed=1))
    parts = [list(ShuffledBatches(13, 8, range(20), seed=1, rank=rank, world=2)) for rank in range(2)]
    assert [sorted(one + other) for one, other in zip(*parts, strict=True)] == [sorted(batch) for batch in whole]


def test_a_batch_that_processes_cannot_share_is_refused() -> None:
    """Each process must have an equal part."""
    recipe = RunRecipe(name="x", data=Data(train=Path("a"), validation=Path("b")), schedule=Schedule(batch=48))
    check_shares(recipe, 3)
    with pytest.raises(SettingsError, match=r"a batch of 48 .* 5 processes; change `schedule\.batch`"):
        check_shares(recipe, 5)


def test_more_processes_than_shards_are_refused_before_any_is_read() -> None:
    """Each device has several loading processes; the check does not read the shards."""
    place = {"shards": "nowhere-{0..5}.tar"}
    recipe = RunRecipe(name="x", data=Data.model_validate({"train": place, "validation": "b", "workers": 3}))
    check_shares(recipe, 2)
    with pytest.raises(SettingsError, match=r"6 shards for 9 processes .*`data\.workers`"):
        check_shares(recipe, 3)


@pytest.fixture
def corpus(photographs: Path, tmp_path: Path) -> Corpus:
    """The training photographs."""
    return open_corpus(photographs / "train", tmp_path, side=120)


def data(**settings: object) -> Data:
    """The settings of the crops."""
    return Data.model_validate({"train": "x", "validation": "y", "crop": 64, "workers": 0} | settings)


def test_a_sample_is_a_function_of_its_number(corpus: Corpus) -> None:
    """The same number gives the same sample, and another number another crop."""
    samples = Samples(corpus, data(), seed=3)
    for one, other in zip(samples[0, 5], samples[0, 5], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(samples[0, 5][1], samples[0, 6][1])


def test_luma_is_what_the_service_would_read_from_a_grey_file(corpus: Corpus) -> None:
    """Without augmentation, luma is BT.601 of the crop, in 8 bits."""
    luma, rgb = Samples(corpus, data(tone=0.0, degrade=0.0), seed=3)[0, 1]
    expected = grey_of(rgb.permute(1, 2, 0).numpy())
    assert np.abs(luma[0].numpy() - expected).max() <= 0.5 / 255 + 1e-6
    assert torch.equal((luma * 255).round() / 255, luma)


def test_only_the_luma_is_degraded(corpus: Corpus) -> None:
    """The true colours do not change."""
    plain = Samples(corpus, data(tone=0.0, degrade=0.0), seed=3)[0, 1]
    worn = Samples(corpus, data(tone=0.3, degrade=1.0), seed=3)[0, 1]
    assert torch.equal(plain[1], worn[1])
    assert not torch.equal(plain[0], worn[0])


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_do_not_depend_on_the_number_of_workers(corpus: Corpus, workers: int) -> None:
    """Loading processes give the same samples in the same order."""
    order = ShuffledBatches(len(corpus), 4, range(3), seed=1)
    batches = list(load_samples(Samples(corpus, data(), 1), order, workers))
    alone = list(load_samples(Samples(corpus, data(), 1), order, 0))
    for one, other in zip(batches, alone, strict=True):
        assert torch.equal(one[0], other[0])
        assert torch.equal(one[1], other[1])
