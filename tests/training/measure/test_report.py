"""Tests of training/measure/report.py, by way of `tintd evaluate`."""

import csv
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from colorizer.errors import SettingsError
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import Calibration, WeightsCard, save_weights
from colorizer.weights_path import DEFAULT_WEIGHTS, weights_hash
from tests.assets.recipes import write_recipe
from training.cli import evaluate
from training.measure.evaluation import COMPARISONS, MEANINGS, METRICS

BROKEN_AND_SMALL = {"broken": 1, "grey": 1, "tiny": 1}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of an untrained network, without a prior."""
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    network = Network(Architecture(widths=(8, 8, 8)))
    card = WeightsCard(architecture=network.architecture, working_size=64, calibration=Calibration(vividness=0.6))
    save_weights(path, network, card)
    return path


@pytest.fixture(scope="module")
def report(weights: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on two of the photographs that a recipe names."""
    root = tmp_path_factory.mktemp("report")
    recipe = write_recipe(photographs, root, data={"validation": str(photographs / "train")})
    evaluate(weights, recipe, root / "report", most=1, device="cpu")
    return root / "report"


def strict(text: str) -> dict[str, Any]:
    """Parse JSON strictly, without NaN and Infinity."""
    found: dict[str, Any] = json.loads(text, parse_constant=pytest.fail)
    return found


def test_the_figures_are_json(report: Path) -> None:
    """Unknown figures are null: there is no Inception, and the truth has no error."""
    figures = strict((report / "report.json").read_text())
    assert figures["default"]["all"]["frechet"] is None
    assert figures["truth"]["all"]["psnr"] is None
    assert figures["default"]["people"]["psnr"] > 0


def test_a_report_says_where_its_figures_come_from(report: Path, weights: Path) -> None:
    """The report has the hash of the weights, their settings, and the numbers of photographs."""
    told = strict((report / "report.json").read_text())["provenance"]
    assert told.pop("weights") == weights_hash(weights)
    assert told.pop("left_out") == BROKEN_AND_SMALL
    assert told == {"working_size": 64, "vividness": 0.6, "pictures": 2, "usable": 24}
    page = (report / "report.html").read_text()
    assert weights_hash(weights) in page
    assert "1 tiny" in page


def test_what_no_kind_has_is_not_shown(
    report: Path, weights: Path, photographs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page and the terminal omit it, and show the numbers of photographs."""
    evaluate(weights, photographs / "train", report, report.parent / "cache", most=1, device="cpu")
    for shown in ((report / "report.html").read_text(), capsys.readouterr().out):
        assert "ciede2000" in shown
        assert "1 broken" in shown
        assert "frechet" not in shown
        assert "nan" not in shown.split("base64")[0]


def test_every_figure_is_explained(report: Path) -> None:
    """The page has explanations."""
    assert set(MEANINGS) == {*METRICS, *COMPARISONS}
    assert MEANINGS["ssim"].replace("'", "&#39;") in (report / "report.html").read_text()


def test_a_figure_is_the_same_in_the_table_of_pictures(report: Path) -> None:
    """With one picture of a kind, its row equals that of the kind."""
    figures = strict((report / "report.json").read_text())
    with (report / "report.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["answer"] == "default"]
    assert len(rows) == 2
    for row in rows:
        for name in METRICS:
            assert float(row[name] or "nan") == pytest.approx(figures["default"][row["kind"]][name], nan_ok=True)


def test_a_tree_of_any_name_and_shape_is_measured(
    weights: Path, photographs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name that is not UTF-8, a kind that looks like markup, and a panorama wider than a JPEG can be."""
    tree = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(photographs / "val" / "people", tree / "[bw] & <b>")
    panorama = np.random.default_rng(0).integers(0, 255, (64, 22_400, 3), np.uint8)
    Image.fromarray(panorama).save(tree / "[bw] & <b>" / "panorama.png")
    evaluate(weights, tree, tmp_path / "report", tmp_path / "cache", device="cpu")
    assert "[bw] & <b>" in capsys.readouterr().out
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "caf\\xe9" in page
    assert "[bw] &amp; &lt;b&gt;" in page
    with Image.open(tmp_path / "report" / "sheet.jpg") as sheet:
        assert sheet.width < 10_000


def test_a_report_is_not_written_among_the_photographs(weights: Path, photographs: Path) -> None:
    """The next evaluation would measure it."""
    with pytest.raises(SettingsError, match="would lie among the photographs"):
        evaluate(weights, photographs / "val", photographs / "val" / "people")


def test_the_weights_that_come_with_tintd_are_called_default(photographs: Path, tmp_path: Path) -> None:
    """As in a recipe and in the configuration."""
    evaluate(Path("default"), photographs / "val", tmp_path / "report", tmp_path / "cache", most=1, device="cpu")
    assert weights_hash(DEFAULT_WEIGHTS) in (tmp_path / "report" / "report.json").read_text()


def test_a_report_that_cannot_be_written_is_reported_first(weights: Path, tmp_path: Path) -> None:
    """A file has the name of the folder."""
    (tmp_path / "report").write_text("")
    with pytest.raises(SettingsError, match="report: the folder of the report cannot be made"):
        evaluate(weights, tmp_path / "no photographs", tmp_path / "report")
