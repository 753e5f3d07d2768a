"""Tests of training/loop/trainer.py and what follows: a whole run, from photographs to a weights file that colours."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from colorizer.errors import SettingsError
from colorizer.model.weights import load_weights
from colorizer.weights_path import DEFAULT_WEIGHTS
from tests.assets.recipes import write_recipe
from training.data.corpus import open_corpus
from training.export.weights_file import export
from training.loop.trainer import train
from training.measure.evaluation import Recolourer, evaluate, summarise
from training.measure.report import write_report
from training.recipe import Recipe, load_colour_recipe


def recipe(photographs: Path, root: Path, **changes: Any) -> Path:  # noqa: ANN401 (settings of any kind)
    """A recipe of a small colorizer."""
    return write_recipe(photographs, root, **({"architecture": {"widths": [16, 16, 16]}} | changes))


def averaged(settings: Recipe) -> dict[str, torch.Tensor]:
    """The averaged weights at the end of a run."""
    path = settings.runs / settings.name / "last.ckpt"
    state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)["average"]
    return state


def loss_curves(settings: Recipe) -> list[dict[int, float]]:
    """Loss by step, from the logs of each of a run's processes."""
    logs = sorted((settings.runs / settings.name).rglob("metrics.csv"))
    tables = [csv.DictReader(log.read_text().splitlines()) for log in logs]
    return [{int(row["step"]): float(row["loss"]) for row in table if row["loss"]} for table in tables]


_DOOMED = """
import os, signal
from daemon.cli import main
from training.loop.checkpoint import AtomicCheckpoints
save = AtomicCheckpoints.save_checkpoint
def save_and_die(self, checkpoint, path, storage_options=None):
    save(self, checkpoint, path)
    if os.path.basename(path) == "last.ckpt":
        os.kill(os.getpid(), signal.SIGKILL)
AtomicCheckpoints.save_checkpoint = save_and_die
main()
"""
"""A command that is killed when it has first written the checkpoint that a run resumes from."""


def test_a_network_overfits_a_batch(photographs: Path, tmp_path: Path) -> None:
    """On a few photographs the error falls far below that of grey."""
    settings = load_colour_recipe(
        recipe(
            photographs,
            tmp_path,
            data={"train": str(photographs / "val"), "tone": 0.0, "degrade": 0.0},
            schedule={"batch": 8, "steps": 30},
            evaluate_every=30,
        )
    )
    folder = train(settings)
    with next(folder.rglob("metrics.csv")).open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["part_of_grey"]) < 0.7
    with Image.open(folder / "pictures" / "0000030.jpg") as grid:
        assert grid.height > 3 * 128
    assert b"pictures" in next((folder / "board").rglob("events.*")).read_bytes()


def test_a_full_disk_is_reported(photographs: Path, tmp_path: Path) -> None:
    """The disk is full when the grid of pictures is written, the first file of an evaluation."""
    pictures = tmp_path / "runs" / "quick" / "pictures"
    pictures.mkdir(parents=True)
    (pictures / "0000001.jpg").symlink_to("/dev/full")
    with pytest.raises(SettingsError, match=r"pictures: cannot be written to: .*No space left"):
        train(load_colour_recipe(recipe(photographs, tmp_path, schedule={"batch": 2, "steps": 1})))


def test_a_network_that_cannot_learn_is_refused_at_once(photographs: Path, tmp_path: Path) -> None:
    """The overfit check fails with a rate that is far too low."""
    path = recipe(photographs, tmp_path, schedule={"rate": 1e-12}, sanity_steps=3)
    with pytest.raises(SettingsError, match=r"the network learns nothing.*schedule\.rate"):
        train(load_colour_recipe(path))


def test_a_run_that_diverges_is_reported(photographs: Path, tmp_path: Path) -> None:
    """A rate that is far too high gives infinite numbers: the message says what to do; no evaluation counts them."""
    path = recipe(photographs, tmp_path, schedule={"rate": 1e30, "warm_up": 0}, encoder={"rate": 1})
    with pytest.raises(SettingsError, match=r"at step \d+ .*no longer finite.*`schedule\.rate`"):
        train(load_colour_recipe(path))
    assert not list(tmp_path.rglob("last.ckpt"))


_TRAIN_WITH_A_GIGABYTE = """
import resource
import training.loop.trainer
from daemon.cli import main
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30))
main()
"""


def test_a_step_that_does_not_fit_into_memory_is_reported_at_once(photographs: Path, tmp_path: Path) -> None:
    """The message says what to lower, although the smaller first crops would fit."""
    path = recipe(photographs, tmp_path, data={"early_crop": 64, "crop": 1024}, schedule={"batch": 16, "fall": 0.5})
    command = [sys.executable, "-c", _TRAIN_WITH_A_GIGABYTE, "train", path]
    # Each further thread of a CPU with many would take its part of the gigabyte.
    env = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 1, done.stderr
    assert "quick: a step of 16 samples of 1024 pixels does not fit into the memory of cpu" in done.stderr
    assert "Traceback" not in done.stderr
    assert "step 2 " not in done.stdout
    assert not list(tmp_path.rglob("*.ckpt"))


def test_a_photograph_that_is_deleted_during_a_run_is_named(photographs: Path, tmp_path: Path) -> None:
    """Photographs are read each time; the message is a sentence, although another process raised it."""
    tree = shutil.copytree(photographs, tmp_path / "tree")
    data = {"stored": False, "workers": 1}
    path = recipe(tree, tmp_path, data=data, schedule={"batch": 4, "steps": 5000}, evaluate_every=5000)
    command = [sys.executable, "-u", "-m", "daemon", "train", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("step 2 "):
                shutil.rmtree(tree)
        assert process.stderr is not None
        told = process.stderr.read()
    assert process.returncode == 1
    assert re.search(r"^tintd: \w+/\d+\.jpg: can no longer be read .*start again", told, re.MULTILINE)
    assert "Traceback" not in told


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_a_run_resumes_in_another_precision(photographs: Path, tmp_path: Path, precision: str) -> None:
    """It starts in float32; on a CPU, float16 is bfloat16."""
    for steps, one in enumerate(("32-true", precision), start=1):
        changes: dict[str, Any] = {"schedule": {"batch": 2, "steps": steps}, "precision": one, "evaluate_every": 1}
        folder = train(load_colour_recipe(recipe(photographs, tmp_path, **changes)))
    assert torch.load(folder / "last.ckpt", weights_only=True)["step"] == 2


def test_a_killed_run_ends_like_an_uninterrupted_one(photographs: Path, tmp_path: Path) -> None:
    """After SIGKILL it resumes from its last checkpoint, with the same losses and weights.

    The checkpoint is one between two evaluations, which comes when its time has come.

    """
    changes = {"schedule": {"batch": 4, "steps": 12, "rate": 0.002}, "evaluate_every": 12, "log_every": 1}
    whole = load_colour_recipe(recipe(photographs, tmp_path, **changes, runs=str(tmp_path / "whole")))
    train(whole)
    path = recipe(photographs, tmp_path, **changes, checkpoint_minutes=0)
    broken = load_colour_recipe(path)
    doomed = subprocess.run([sys.executable, "-c", _DOOMED, "train", path], stdout=subprocess.DEVNULL, check=False)
    assert doomed.returncode == -signal.SIGKILL
    checkpoint = broken.runs / broken.name / "last.ckpt"
    assert torch.load(checkpoint, weights_only=True)["step"] < broken.schedule.steps
    train(load_colour_recipe(recipe(photographs, tmp_path, **changes)))
    (losses,), (before, after) = loss_curves(whole), loss_curves(broken)
    assert losses.keys() == before.keys() | after.keys() == set(range(1, 13))
    for step, loss in (before | after).items():
        assert loss == pytest.approx(losses[step], rel=1e-3), step
    weights = averaged(broken)
    for name, tensor in averaged(whole).items():
        torch.testing.assert_close(weights[name], tensor, atol=1e-4, rtol=1e-3, msg=name)


def test_a_run_without_a_terminal_prints_lines(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output has the step, the loss and the speed."""
    train(load_colour_recipe(recipe(photographs, tmp_path, schedule={"steps": 4})))
    assert re.search(r"^step 2 of 4: loss \d+\.\d+, [\d.e+]+ photographs/s$", capsys.readouterr().out, re.MULTILINE)


def test_a_run_starts_from_the_shipped_weights(photographs: Path, tmp_path: Path) -> None:
    """All weights start as in the file."""
    still = {"batch": 4, "steps": 1, "rate": 1e-9}
    shipped, card = load_weights(DEFAULT_WEIGHTS)
    changes = {"architecture": card.architecture.model_dump(mode="json"), "schedule": still, "data": {"crop": 64}}
    settings = load_colour_recipe(write_recipe(photographs, tmp_path, weights="default", evaluate_every=1, **changes))
    train(settings)
    learnt = averaged(settings)
    for name, parameter in shipped.named_parameters():
        torch.testing.assert_close(learnt[f"module.{name}"], parameter.detach(), atol=1e-5, rtol=1e-5, msg=name)


@pytest.mark.parametrize("head", ["distribution", "regression"])
def test_a_run_becomes_weights_that_are_measured(photographs: Path, tmp_path: Path, head: str) -> None:
    """The weights are exported, calibrated, loaded by the product, and evaluated with the baselines."""
    changes = {"schedule": {"batch": 4, "steps": 4, "rate": 0.002}, "evaluate_every": 4}
    settings = load_colour_recipe(
        recipe(photographs, tmp_path, architecture={"head": head}, terms="for tests", **changes)
    )
    train(settings)
    weights = tmp_path / "weights.safetensors"
    card = export(settings, settings.runs / "quick" / "last.ckpt", weights, pictures=1)
    assert load_weights(weights)[1] == card
    noted = json.loads(card.notes["metrics"])["default"]["all"]
    assert 0 < noted["squared_error"] < 0.1
    assert card.notes["recipe"] == settings.model_dump_json()
    assert card.terms == "for tests"
    assert (card.calibration is None) == (head == "regression")
    corpus = open_corpus(photographs / "val", tmp_path / "cache", 120)
    recolourer = Recolourer(weights, "cpu")
    rows = evaluate(recolourer, corpus, most=2)
    summary = summarise(rows)
    expected = {"default", "grey", "by lightness", "truth"} | ({"mean"} if head == "distribution" else set())
    assert set(summary) == expected
    assert summary["grey"]["all"]["part_of_grey"] == 1
    assert summary["truth"]["all"]["squared_error"] == 0
    assert summary["truth"]["people"]["colourfulness_part"] == 1
    assert summary["grey"]["all"]["coloured_part"] == 0
    write_report(rows, recolourer, corpus, "a test", tmp_path / "report")
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "report.json",
        "report.csv",
        "report.html",
        "sheet.jpg",
    }
    assert "data:image/jpeg;base64" in (tmp_path / "report" / "report.html").read_text()
