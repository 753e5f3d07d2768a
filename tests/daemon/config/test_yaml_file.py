"""Tests of daemon/config/yaml_file.py."""

from pathlib import Path

import pytest

from colorizer.errors import SettingsError
from daemon.config.yaml_file import read_yaml


def written(tmp_path: Path, text: str) -> Path:
    """A file with a text."""
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_a_file_is_read(tmp_path: Path) -> None:
    """Anchors and merged mappings included: there, a name may be set twice."""
    text = "base: &base {a: 1, b: 2}\nother: {<<: *base, a: 3}\n"
    assert read_yaml(written(tmp_path, text))["other"] == {"a": 3, "b": 2}


@pytest.mark.parametrize("text", ["work: {nice: 1}\nlog: {}\nwork: {workers: 2}", "work: {nice: 1, x: 2,\n nice: 3}"])
def test_a_name_that_is_set_twice_is_refused(tmp_path: Path, text: str) -> None:
    """At any depth, with the line: else the last one wins without a word."""
    with pytest.raises(SettingsError, match=r"line [23]: `(work|nice)` is set twice"):
        read_yaml(written(tmp_path, text))
