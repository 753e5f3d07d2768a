"""Tests of training/recipe.py."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from training.recipe import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / "training" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_one(path: Path) -> None:
    """Each shipped recipe can be read."""
    assert load_recipe(path).name


def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path) -> None:
    """The message names the file and the setting."""
    (tmp_path / "r.yaml").write_text("name: x\ndata: {train: a, validation: b, crops: 3}")
    with pytest.raises(SettingsError, match=r"r\.yaml: data\.crops: "):
        load_recipe(tmp_path / "r.yaml")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ("data: {train: a, validation: b, crop: 100}", r"data\.crop: must be a multiple of 32"),
        ("data: {train: a, validation: b, scale: [1.0, 0.5]}", r"r\.yaml: data: scale: two numbers in ascending order"),
        ("data: {train: a, validation: b, stored_side: 32}", "stored_side"),
        ("data: {train: {places365: a, split: train}, validation: b}", "train-standard"),
        ("data: {train: a, validation: b}\nseed: -1", "seed"),
        ("data: {train: a, validation: b}\ntask: classify\ninputs: []", "inputs"),
        ("data: {train: a, validation: b}\narchitecture: {widths: [12, 8, 8]}", "a multiple of 8"),
    ],
)
def test_what_would_fail_late_is_refused_at_once(tmp_path: Path, settings: str, reason: str) -> None:
    """Before photographs are inspected, and with the name of the setting."""
    (tmp_path / "r.yaml").write_text(f"name: x\n{settings}")
    with pytest.raises(SettingsError, match=reason):
        load_recipe(tmp_path / "r.yaml")


def test_a_binary_file_is_not_a_recipe(tmp_path: Path) -> None:
    """A weights file with another suffix is not a recipe either."""
    (tmp_path / "weights.bin").write_bytes(bytes(range(256)))
    with pytest.raises(SettingsError, match=r"weights\.bin"):
        load_recipe(tmp_path / "weights.bin")
