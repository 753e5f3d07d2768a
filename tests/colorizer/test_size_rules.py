"""Tests of colorizer/size_rules.py: with real files of both kinds."""

from __future__ import annotations

from pathlib import Path

import pytest

from colorizer.engine import colorize
from colorizer.errors import UnsupportedError
from colorizer.job import Job
from colorizer.settings import JobSettings
from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey


def tried(tmp_path: Path, source: Path, weights: Path, **rules: int) -> None:
    """Colour a file under rules about its size."""
    colour = {"weights": weights, "device": "cpu"}
    settings = JobSettings.model_validate({"colour": colour, "film": {"speed": "ultrafast"}, "size": rules})
    colorize(Job(source, tmp_path / "result", tmp_path / "work", settings), lambda _done, _frames: None)


@pytest.mark.parametrize("kind", ["photo", "film"])
@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ({"min_kib": 10_000}, "KiB, less than `size.min_kib` (10000)"),
        ({"min_side": 100}, "120 x 80 pixels, and a short side of less than `size.min_side` (100)"),
        ({"max_side": 100}, "120 x 80 pixels, and a long side of more than `size.max_side` (100)"),
    ],
)
def test_a_file_outside_of_the_limits_is_left_alone(
    tmp_path: Path, weights: Path, kind: str, rules: dict[str, int], says: str
) -> None:
    """With the rule as the reason."""
    source = original(tmp_path, kind)
    with pytest.raises(UnsupportedError) as refusal:
        tried(tmp_path, source, weights, **rules)
    assert source.name in str(refusal.value)
    assert says in str(refusal.value)


@pytest.mark.parametrize("kind", ["photo", "film"])
def test_a_file_on_the_limits_is_coloured(tmp_path: Path, weights: Path, kind: str) -> None:
    """They belong to what is allowed."""
    tried(tmp_path, original(tmp_path, kind), weights, min_side=80, max_side=120, max_mib=1)
    assert (tmp_path / "result").exists()


def test_a_large_file_is_left_alone(tmp_path: Path, weights: Path) -> None:
    """Before it is read."""
    source = tmp_path / "large.jpg"
    source.write_bytes(b"\xff\xd8\xff" + bytes(3 << 20))
    with pytest.raises(UnsupportedError, match=r"3 MiB, more than `size.max_mib` \(2\)"):
        tried(tmp_path, source, weights, max_mib=2)


def original(tmp_path: Path, kind: str) -> Path:
    """A photograph or a film of 120 x 80 pixels."""
    if kind == "photo":
        return write_grey(tmp_path / "a.png", 80, 120)
    return write_film(tmp_path / "a.mp4", Film(frames=3, width=120, height=80))
