"""Tests of training/checkpoint.py: a run is gone on with as it was begun, or not at all."""

from pathlib import Path
from typing import Any

import pytest

from colorizer.errors import SettingsError
from tests.assets.recipes import write_recipe
from training.recipe import Recipe, load_colour_recipe
from training.trainer import train

SMALL = {"architecture": {"widths": [8, 8, 8]}, "data": {"crop": 64, "workers": 0}, "evaluate_every": 1}


def begun(photographs: Path, home: Path, **schedule: Any) -> Recipe:  # noqa: ANN401 (settings of any kind)
    """The recipe of a run of one step, or what it becomes by a change."""
    path = write_recipe(photographs, home, **SMALL, schedule={"batch": 2, "steps": 1, "rate": 0.001} | schedule)
    return load_colour_recipe(path)


def test_a_run_follows_the_recipe_that_it_was_begun_with(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another rate is refused; more steps are made; one that has ended says so; a damaged checkpoint is named."""
    folder = train(begun(photographs, tmp_path))
    with pytest.raises(SettingsError, match=r"last\.ckpt.*schedule\.rate: 0\.001, now 0\.002.*change `name`"):
        train(begun(photographs, tmp_path, rate=0.002))
    train(begun(photographs, tmp_path, steps=2))
    assert "going on from step 1" in capsys.readouterr().out
    train(begun(photographs, tmp_path, steps=2))
    assert "finished already, at step 2" in capsys.readouterr().out
    (folder / "last.ckpt").write_bytes((folder / "last.ckpt").read_bytes()[:1000])
    with pytest.raises(SettingsError, match=r"last\.ckpt: damaged"):
        train(begun(photographs, tmp_path, steps=3))
