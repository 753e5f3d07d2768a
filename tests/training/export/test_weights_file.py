"""Tests of training/export/weights_file.py and of `tintd export`: what is refused, and what an interruption leaves."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from colorizer.errors import SettingsError, WeightsError
from colorizer.model.network import Network
from colorizer.model.weights import load_card
from tests.assets.recipes import write_recipe
from training import cli
from training.export.weights_file import default_checkpoint, export, load_checkpoint
from training.recipe import Recipe, load_colour_recipe


@pytest.fixture
def recipe(photographs: Path, tmp_path: Path) -> Recipe:
    """A recipe of a small network, with the folder of its run."""
    found = load_colour_recipe(write_recipe(photographs, tmp_path, architecture={"widths": [8, 8, 8]}))
    (found.runs / found.name).mkdir(parents=True)
    return found


def save(recipe: Recipe, name: str, **changes: Any) -> Path:  # noqa: ANN401 (parts of any kind)
    """A checkpoint with the parts that export reads."""
    network = Network(recipe.architecture)
    average = {f"module.{key}": tensor for key, tensor in network.state_dict().items()}
    path = recipe.runs / recipe.name / name
    torch.save({"average": average, "step": 7, "recipe": recipe.model_dump_json()} | changes, path)
    return path


def uncalibrated(network: Network, card: Any, *_: object) -> Any:  # noqa: ANN401 (a stand-in)
    """Replaces the calibration, which takes long."""
    del network
    return card


def test_the_best_checkpoint_is_taken_where_there_is_one(recipe: Recipe) -> None:
    """Before the first evaluation there is only the last checkpoint."""
    last = save(recipe, "last.ckpt")
    assert default_checkpoint(recipe) == last
    best = save(recipe, "best.ckpt")
    assert default_checkpoint(recipe) == best
    assert load_checkpoint(recipe, best)[1] == 7


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 half of one", b"\x80\x02K\x01."])
def test_a_damaged_checkpoint_is_named(recipe: Recipe, content: bytes) -> None:
    """The file is empty, text, cut off, or another pickle."""
    path = recipe.runs / "damaged.ckpt"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged\.ckpt"):
        load_checkpoint(recipe, path)


def test_a_file_without_averaged_weights_is_named(recipe: Recipe) -> None:
    """A state dict alone has no averaged weights."""
    path = recipe.runs / "bare.ckpt"
    torch.save(Network(recipe.architecture).state_dict(), path)
    with pytest.raises(WeightsError, match=r"bare\.ckpt.*no averaged weights"):
        load_checkpoint(recipe, path)


def test_an_interrupted_export_leaves_what_was_there(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older weights stay, and no temporary file."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.export.weights_file.calibrate", uncalibrated)
    monkeypatch.setattr("training.export.weights_file.Recolourer", interrupt)
    target = tmp_path / "out" / "weights.safetensors"
    target.parent.mkdir()
    target.write_text("of before")
    with pytest.raises(KeyboardInterrupt):
        export(recipe, save(recipe, "last.ckpt"), target, pictures=1)
    assert [path.read_text() for path in target.parent.iterdir()] == ["of before"]


def test_weights_do_not_tell_of_another_recipe_than_theirs(recipe: Recipe, tmp_path: Path) -> None:
    """The recipe has changed since the run: the checkpoint contains the one that made it."""
    checkpoint = save(recipe, "last.ckpt")
    changed = recipe.model_copy(update={"seed": 9})
    with pytest.raises(SettingsError, match=r"last\.ckpt: made with other settings \(seed: 0, now 9\)"):
        export(changed, checkpoint, tmp_path / "weights.safetensors", pictures=1)


def test_weights_say_from_which_step_they_are(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The notes and the terminal show the step; the notes' figures are JSON."""
    monkeypatch.setattr("training.export.weights_file.calibrate", uncalibrated)
    save(recipe, "last.ckpt", step=9)
    save(recipe, "best.ckpt", step=8)
    target = tmp_path / "weights.safetensors"
    cli.export(tmp_path / "recipe.yaml", target, pictures=1)
    notes = load_card(target).notes
    assert notes["checkpoint"] == "step 8 of best.ckpt"
    assert notes["checkpoint"] in capsys.readouterr().out
    assert json.loads(notes["metrics"], parse_constant=pytest.fail)["default"]["all"]["squared_error"] > 0


def test_a_target_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    """A missing folder, and a folder with the file's name, are reported first."""
    for source in (tmp_path / "recipe.yaml", tmp_path / "weights.safetensors"):
        with pytest.raises(SettingsError, match="its folder does not exist"):
            cli.export(source, tmp_path / "missing" / "weights")
        with pytest.raises(SettingsError, match="this is a folder"):
            cli.export(source, tmp_path)
