"""Tests of training/export/upright_head.py and of `tintd upright`."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from colorizer.errors import MediaError
from colorizer.model.lab import lightness_of_luma
from colorizer.model.predictor import Predictor
from colorizer.model.upright import Pose, load_head
from colorizer.weights_path import upright_path
from training import cli
from training.data.samples import grey_of
from training.export.upright_head import fit_upright
from training.measure.evaluation import open_training


def view(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A light sky over dark ground, with black boxes: it is plain which way up it is, and that it is no negative."""
    height, width = 90, 110
    picture = np.linspace(230, 90, height)[:, None, None] + rng.normal(0, 12, (height, width, 3))
    picture[..., 2] += np.linspace(25, -25, height)[:, None]
    for _ in range(4):
        top, left = rng.integers(0, (height - 20, width - 20))
        picture[top : top + 20, left : left + 20] = rng.uniform(0, 20, 3)
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sixty such pictures."""
    folder, rng = tmp_path_factory.mktemp("views"), np.random.default_rng(0)
    for number in range(60):
        Image.fromarray(view(rng)).save(folder / f"{number}.png")
    return folder


def test_a_fitted_head_finds_how_other_pictures_are_turned(
    weights: Path, views: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command fits it to weights and writes it beside them; these then say of each turn which one it is."""
    own = shutil.copy(weights, tmp_path / "own.safetensors")
    cli.upright(own, views, cache=tmp_path / "cache", pictures=60, wrong=0.0, device="cpu")
    assert "upside down" in capsys.readouterr().out
    assert upright_path(own).stat().st_size < 200_000
    predictor, rng = Predictor.load(own, device="cpu"), np.random.default_rng(1)
    for luma in (torch.from_numpy(grey_of(view(rng)))[None, None] for _ in range(5)):
        upright = lightness_of_luma(luma)
        for turn in range(4):
            picture = upright.rot90(turn, (-2, -1))
            assert predictor.poses_of(picture, predictor.predict(picture, mirrored=True)) == [Pose(turn)]
            assert predictor.common_pose([picture, picture]) == Pose(turn)


def test_too_few_photographs_are_refused(weights: Path, photographs: Path, tmp_path: Path) -> None:
    """The sentence says how many are needed, and nothing is written."""
    own = shutil.copy(weights, tmp_path / "own.safetensors")
    corpus = open_training(photographs / "train", tmp_path / "cache")
    with pytest.raises(MediaError, match="40 are the least"):
        fit_upright(own, corpus, pictures=100, wrong=0.01, device="cpu")
    assert load_head(own) is None
