"""Tests of training/recipe.py."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from training.recipe import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / "training" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_recipe_is_one(path: Path) -> None:
    """Each that is shipped can be read."""
    assert load_recipe(path).name


def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path) -> None:
    """File and setting are named."""
    (tmp_path / "r.yaml").write_text("name: x\ndata: {train: a, validation: b, crops: 3}")
    with pytest.raises(SettingsError, match=r"r\.yaml.*\n.*crops"):
        load_recipe(tmp_path / "r.yaml")
