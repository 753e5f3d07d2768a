"""Tests of colorizer/photo/batch.py: real photographs, a real network."""

from pathlib import Path

import pytest
from torch import Tensor

from colorizer.engine import colorize, colorize_together
from colorizer.errors import DeviceError
from colorizer.job import Job
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.lab import Matrix
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.pictures import write_grey


def silent(_done: int, _all: int) -> None:
    """Nobody is told of progress."""


def job(tmp_path: Path, source: Path, weights: Path, target: str) -> Job:
    """A photograph to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(source, tmp_path / f"{target}-{source.name}", tmp_path / "workspace", settings)


def album(tmp_path: Path) -> list[Path]:
    """Photographs of two shapes, and one that is none."""
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    sizes = [(96, 128), (120, 160), (96, 128), (128, 96), (240, 320)]
    return [bad, *(write_grey(tmp_path / f"{number}.png", *size) for number, size in enumerate(sizes))]


def test_photographs_are_coloured_together_as_alone(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, with one call of the network for each shape, and each told of before it is turned to."""
    sources = album(tmp_path)
    for source in sources[1:]:
        colorize(job(tmp_path, source, weights, "alone"), silent)
    calls: list[int] = []
    fit = Colorist.fit

    def count(self: Colorist, luma: Tensor, matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        calls.append(len(luma))
        return fit(self, luma, matrix, mirrored=mirrored)

    monkeypatch.setattr(Colorist, "fit", count)
    turned: list[int] = []
    outcomes = dict(
        colorize_together([job(tmp_path, source, weights, "both") for source in sources], turned.append, silent)
    )
    assert sorted(calls) == [1, 4]
    assert turned[:6] == [0, 1, 2, 3, 4, 5]
    assert "neither" in str(outcomes.pop(0))
    assert all(isinstance(outcome, Report) for outcome in outcomes.values())
    for source in sources[1:]:
        assert (tmp_path / f"both-{source.name}").read_bytes() == (tmp_path / f"alone-{source.name}").read_bytes()


def test_a_device_that_fails_fails_them_all(tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with the reason, in its own place."""

    def fail(_self: Colorist, _luma: Tensor, _matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        del mirrored
        raise DeviceError("no memory")

    monkeypatch.setattr(Colorist, "fit", fail)
    sources = album(tmp_path)[1:4]
    outcomes = dict(
        colorize_together([job(tmp_path, source, weights, "both") for source in sources], lambda _: None, silent)
    )
    assert [str(outcome) for outcome in outcomes.values()] == ["no memory"] * 3
