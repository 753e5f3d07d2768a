"""Tests of training/loop/classifier_task.py: grey and colour classifiers, whose encoder starts a colorizer."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

from colorizer.errors import MediaError, SettingsError
from colorizer.model.network import Architecture, Network
from tests.assets.recipes import write_recipe
from training.loop.initialisation import start_encoder
from training.loop.trainer import train
from training.recipe import load_recipe


def test_a_classifier_is_trained_and_starts_a_colorizer(photographs: Path, tmp_path: Path) -> None:
    """Classes come from a CSV file; both inputs learn, and a colorizer starts with the grey encoder's weights."""
    labels = tmp_path / "labels.csv"
    rows = [
        f"{path.relative_to(photographs).parts[0]},{path.relative_to(photographs / split)},{path.parent.name} class"
        for split in ("train", "val")
        for path in sorted((photographs / split).rglob("0*.jpg"))
    ]
    labels.write_text("\n".join(["split,name,class", *rows]), encoding="utf-8-sig")  # as spreadsheets write it
    recipe = write_recipe(
        photographs,
        tmp_path,
        task="classify",
        data={"labels": str(labels)},
        schedule={"batch": 8, "rate": 0.001, "average": 0.3},
        evaluate_every=12,
        sanity_steps=4,
    )
    folder = train(load_recipe(recipe))
    with next(folder.rglob("metrics.csv")).open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["grey/top1"]) > 0.6
    assert {"grey/top2", "colour/top1", "colour/top2"} <= last.keys()
    network = Network(Architecture(widths=(8, 8, 8)))
    assert start_encoder(network, folder / "best.ckpt") == []
    state = torch.load(folder / "best.ckpt", map_location="cpu", weights_only=True)["average"]
    assert torch.equal(network.encoder.resnet.conv1.weight, state["module.grey.conv1.weight"])
    assert state["module.colour.conv1.weight"].shape[1] == 3


def test_a_photograph_without_a_class_is_left_out_and_a_class_more_is_another_run(
    photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Their number is printed, and the numbers of the classes cannot change during a run."""
    labels = tmp_path / "labels.csv"
    changes: dict[str, Any] = {
        "task": "classify",
        "inputs": ["grey"],
        "data": {"labels": str(labels)},
        "schedule": {"batch": 2, "steps": 1},
        "evaluate_every": 1,
    }
    known = ["name,class", "people/000.jpg,face", "animal/000.jpg,cat"]
    labels.write_text("\n".join([*known, "animal/001.jpg,"]))
    train(load_recipe(write_recipe(photographs, tmp_path, **changes)))
    assert "22 without a class" in capsys.readouterr().out
    labels.write_text("\n".join([*known, "animal/001.jpg,another cat"]))
    changes["schedule"]["steps"] = 2
    with pytest.raises(SettingsError, match=r"made with other classes .*'cat', 'face'"):
        train(load_recipe(write_recipe(photographs, tmp_path, **changes)))


def test_classes_that_cannot_be_learnt_are_refused_at_once(photographs: Path, tmp_path: Path) -> None:
    """There is only one class, or a class has no training photograph."""
    folders = {"train": str(photographs / "train"), "validation": str(photographs)}
    for data, reason in (
        (folders | {"train": str(photographs / "train" / "people")}, "the class 'people'; at least two"),
        (folders, "train, val"),
    ):
        with pytest.raises(MediaError, match=reason):
            train(load_recipe(write_recipe(photographs, tmp_path, task="classify", data=data)))
