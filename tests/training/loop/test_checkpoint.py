"""Tests of training/loop/checkpoint.py: a run is gone on with as it was begun, or not at all."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from lightning.fabric import Fabric

from colorizer.errors import SettingsError
from tests.assets.disks import no_file_above
from tests.assets.recipes import write_recipe
from training.loop.checkpoint import AtomicCheckpoints, check_recipe, claim_run
from training.loop.trainer import train
from training.recipe import Recipe, load_colour_recipe

SMALL = {"architecture": {"widths": [8, 8, 8]}, "data": {"crop": 64, "workers": 0}, "evaluate_every": 1}
ONE_STEP = {"batch": 2, "steps": 1, "rate": 0.001}


def begun(photographs: Path, root: Path, **schedule: Any) -> Recipe:  # noqa: ANN401 (settings of any kind)
    """The recipe of a run of one step, with changes."""
    path = write_recipe(photographs, root, **SMALL, schedule=ONE_STEP | schedule)
    return load_colour_recipe(path)


def test_a_run_resumes_only_with_its_recipe(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another rate is refused; more steps are run; a finished run says so; a damaged checkpoint is named."""
    folder = train(begun(photographs, tmp_path))
    with pytest.raises(SettingsError, match=r"last\.ckpt.*schedule\.rate: 0\.001, now 0\.002.*change `name`"):
        train(begun(photographs, tmp_path, rate=0.002))
    train(begun(photographs, tmp_path, steps=2))
    assert "resuming at step 1" in capsys.readouterr().out
    train(begun(photographs, tmp_path, steps=2))
    assert "already finished at step 2" in capsys.readouterr().out
    (folder / "last.ckpt").write_bytes((folder / "last.ckpt").read_bytes()[:1000])
    with pytest.raises(SettingsError, match=r"last\.ckpt: damaged"):
        train(begun(photographs, tmp_path, steps=3))


def test_a_run_resumes_without_the_files_that_it_started_from(photographs: Path, tmp_path: Path) -> None:
    """The encoder's file is missing, and the photographs have moved."""
    encoder = tmp_path / "encoder.pth"
    torch.save(torchvision.models.resnet18().state_dict(), encoder)
    train(
        load_colour_recipe(
            write_recipe(photographs, tmp_path, **SMALL, schedule=ONE_STEP, encoder={"start": str(encoder)})
        )
    )
    encoder.unlink()
    moved = photographs.rename(tmp_path / "moved")
    try:
        folder = train(begun(moved, tmp_path, steps=2))
    finally:
        moved.rename(photographs)
    assert torch.load(folder / "last.ckpt", weights_only=True)["step"] == 2


def test_on_shards_the_processes_that_load_them_stay_as_many(tmp_path: Path) -> None:
    """The order of samples depends on their number; with a folder tree it does not."""

    def recipe(train: Any, workers: int) -> Recipe:  # noqa: ANN401 (a place of any kind)
        return Recipe.model_validate(
            {"name": "run", "data": {"train": train, "validation": tmp_path, "workers": workers}}
        )

    def check(train: Any) -> None:  # noqa: ANN401
        check_recipe(tmp_path / "last.ckpt", {"recipe": recipe(train, 1).model_dump_json()}, recipe(train, 2))

    check(tmp_path)
    with pytest.raises(SettingsError, match=r"data\.workers: 1, now 2"):
        check({"shards": str(tmp_path / "{0..3}.tar")})


def test_a_run_belongs_to_one_process(photographs: Path, tmp_path: Path) -> None:
    """A second process gets an error, and the first one continues."""
    recipe = begun(photographs, tmp_path)
    claim = "import pathlib, sys; from training.loop.checkpoint import claim_run; claim_run(pathlib.Path(sys.argv[1]))"
    with claim_run(recipe.runs / recipe.name):
        told = subprocess.run(
            [sys.executable, "-c", claim, recipe.runs / recipe.name], capture_output=True, text=True, check=False
        )
    assert "another process is working on this run" in told.stderr


def test_a_checkpoint_that_cannot_be_written_keeps_the_previous_one(tmp_path: Path) -> None:
    """A limit on file sizes stands for a full disk; the message has the path and the reason."""
    fabric = Fabric(accelerator="cpu", plugins=[AtomicCheckpoints()])
    fabric.save(tmp_path / "last.ckpt", {"step": 1})
    with no_file_above(100_000), pytest.raises(SettingsError, match=r"last\.ckpt: cannot be written: .*`runs`"):
        fabric.save(tmp_path / "last.ckpt", {"step": 2, "large": torch.zeros(100_000)})
    assert torch.load(tmp_path / "last.ckpt", weights_only=True) == {"step": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]
