"""Tests of training/measure/evaluation.py."""

import math
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from colorizer.errors import SettingsError
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import Calibration, WeightsCard, save_weights
from colorizer.weights_path import DEFAULT_WEIGHTS
from tests.assets.recipes import write_recipe
from training.measure.evaluation import Recolourer, Row, finite, open_photographs, summarise
from training.measure.metrics import PictureMetrics, measure


def measured() -> PictureMetrics:
    """The metrics of a perfect picture."""
    truth = torch.rand(3, 20, 20)
    return measure(truth, truth, torch.ones(20, 20))


def recolourer(root: Path, calibration: Calibration | None) -> Recolourer:
    """A recolourer with an untrained network."""
    network = Network(Architecture(widths=(8, 8, 8)))
    card = WeightsCard(architecture=network.architecture, working_size=64, calibration=calibration)
    save_weights(root / "weights.safetensors", network, card)
    return Recolourer(root / "weights.safetensors", "cpu")


def test_the_rebalanced_area_weights_pictures_by_their_rarity() -> None:
    """The area is that of all pictures together, not the mean of their areas."""
    dull = replace(measured(), auc_rebalanced=1.0, rarity=0.5)
    bright = replace(measured(), auc_rebalanced=0.2, rarity=1.5)
    rows = [Row("people", "", answer, one) for answer in ("default", "grey", "truth") for one in (dull, bright)]
    assert summarise(rows)["default"]["people"]["auc_rebalanced"] == pytest.approx((0.5 * 1 + 1.5 * 0.2) / 2)


def test_a_kind_of_the_name_of_all_of_them_is_told_apart() -> None:
    """Its photographs are counted once."""
    rows = [Row(kind, "", answer, measured()) for answer in ("grey", "truth") for kind in ("all", "people")]
    counted = {kind: figures["pictures"] for kind, figures in summarise(rows)["truth"].items()}
    assert counted == {"all/": 1, "all": 2, "people": 1}


def test_a_colour_weighs_the_inverse_of_its_prior(tmp_path: Path) -> None:
    """Zhang's equation 4 with lambda = 0: a colour ten times as rare weighs ten times as much, and the mean is 1."""
    bins = Network(Architecture(widths=(8, 8, 8))).bins
    prior = torch.ones(len(bins))
    prior[(bins.abs().sum(dim=1) == 0)] = 10
    prior /= prior.sum()
    recolours = recolourer(tmp_path, Calibration(log_prior=tuple(prior.log().tolist())))
    grey, red = torch.full((3, 1, 1), 0.5), torch.tensor([0.9, 0.1, 0.1]).reshape(3, 1, 1)
    assert recolours.rarity(red).item() == pytest.approx(10 * recolours.rarity(grey).item(), rel=1e-3)
    assert recolours.rarity(grey).item() == pytest.approx(1 / (len(bins) * float(prior.max())), rel=1e-3)


def test_weights_without_a_prior_are_judged_by_the_shipped_ones(tmp_path: Path) -> None:
    """So a regression head has a comparable rebalanced area too."""
    truth = torch.rand(3, 20, 20)
    theirs = Recolourer(DEFAULT_WEIGHTS, "cpu").rarity(truth)
    assert recolourer(tmp_path, None).rarity(truth).equal(theirs)
    assert theirs.min() < 1 < theirs.max()
    found = measure(truth, truth, theirs)
    assert found.auc == found.auc_rebalanced == pytest.approx(1)


def test_photographs_are_a_folders_or_a_recipes(photographs: Path, tmp_path: Path) -> None:
    """The photographs of a recipe are its validation photographs, with its cache."""
    with tarfile.open(tmp_path / "val.tar", "w") as shard:
        shard.add(photographs / "val", arcname=".")
    names = open_photographs(photographs / "val", 120, tmp_path / "other").names
    for place in (str(photographs / "val"), {"shards": str(tmp_path / "val.tar")}):
        assert open_photographs(write_recipe(photographs, tmp_path, data={"validation": place}), 120).names == names
    assert any((tmp_path / "cache").iterdir())


@pytest.mark.parametrize("content", [b"name: x", b"\xff\xd8\xff\xe0", None])
def test_what_is_neither_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """Another YAML file, a photograph, and a missing file."""
    path = tmp_path / "data"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match="neither a folder of photographs nor a recipe"):
        open_photographs(path, 120)


def test_only_finite_figures_are_figures_to_json() -> None:
    """NaN and infinity become None."""
    assert [finite(one) for one in (0.5, math.nan, math.inf)] == [0.5, None, None]
