"""Tests of training/loop/distillation.py."""

from pathlib import Path

import pytest
import torch

from colorizer.errors import SettingsError
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import WeightsCard, save_weights
from tests.assets.recipes import write_recipe
from training.loop.distillation import Teachers
from training.loop.loss import colour_loss
from training.loop.trainer import train
from training.recipe import load_recipe

SMALL = Architecture(widths=(8, 8, 8))
LIGHTNESS = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 100


def weights_file(folder: Path, seed: int, architecture: Architecture = SMALL) -> Path:
    """A weights file of a small random network."""
    torch.manual_seed(seed)
    path = folder / f"{seed}.safetensors"
    save_weights(path, Network(architecture), WeightsCard(architecture=architecture, working_size=64))
    return path


def test_teachers_predict_the_mean_of_their_distributions(tmp_path: Path) -> None:
    """Two teachers together are half one, half the other."""
    one, other = weights_file(tmp_path, 1), weights_file(tmp_path, 2)
    apart = [Teachers([path], SMALL).probability(LIGHTNESS) for path in (one, other)]
    together = Teachers([one, other], SMALL).probability(LIGHTNESS)
    torch.testing.assert_close(together, (apart[0] + apart[1]) / 2)
    torch.testing.assert_close(together.sum(dim=1), torch.ones(2, 8, 8))


def test_a_network_learns_what_its_teachers_predict(tmp_path: Path) -> None:
    """With the teachers alone as target, the loss is least for their own distribution."""
    taught = Teachers([weights_file(tmp_path, 1)], SMALL).probability(LIGHTNESS)
    network, ab = Network(SMALL), torch.randn(2, 2, 32, 32) * 20
    best = colour_loss(network, taught.log(), ab, taught, share=1.0)
    for seed in range(5):
        noise = torch.randn(taught.shape, generator=torch.Generator().manual_seed(seed))
        assert colour_loss(network, taught.log() + noise, ab, taught, share=1.0) > best


def test_a_teacher_with_other_bins_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = weights_file(tmp_path, 1, Architecture(widths=(8, 8, 8), grid=20))
    with pytest.raises(SettingsError, match=r"1\.safetensors: predicts other bins"):
        Teachers([path], SMALL)


def test_a_regression_head_has_no_teachers(tmp_path: Path) -> None:
    """The recipe is refused."""
    recipe = write_recipe(
        tmp_path, tmp_path, architecture={"head": "regression"}, distillation={"teachers": ["default"]}
    )
    with pytest.raises(SettingsError, match="distillation"):
        load_recipe(recipe)


def test_a_run_with_teachers_makes_its_steps(photographs: Path, tmp_path: Path) -> None:
    """A recipe with teachers is trained to its end, and the loss is finite."""
    path = write_recipe(
        photographs,
        tmp_path,
        architecture={"widths": [8, 8, 8]},
        distillation={"teachers": [str(weights_file(tmp_path, 1))]},
        schedule={"steps": 4},
    )
    folder = train(load_recipe(path))
    assert torch.load(folder / "last.ckpt", weights_only=True)["step"] == 4
