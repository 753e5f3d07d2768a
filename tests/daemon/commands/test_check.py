"""Tests of daemon/commands/check.py."""

import subprocess
import sys
from pathlib import Path

import yaml


def check(tmp_path: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `tintd check` on a configuration."""
    config = {"folders": [{"input": "inbox", "output": "outbox"}], **settings}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "daemon", "check", "-c", str(tmp_path / "config.yaml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_sound_installation_is_said_to_be_one(tmp_path: Path, weights: Path) -> None:
    """Configuration, folders, weights, device and encoders, each in a line."""
    ended = check(tmp_path, colour={"weights": str(weights)})
    assert ended.returncode == 0, ended.stdout
    for word in ("configuration", "inbox", "weights", "terms", "device", "libx264"):
        assert word in ended.stdout
    assert "BAD" not in ended.stdout


def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Weights that are not there, a folder that is a file."""
    (tmp_path / "outbox").write_text("in the way")
    ended = check(tmp_path, colour={"weights": "nothing.safetensors"})
    assert ended.returncode == 1
    assert "no weights file" in ended.stdout
    assert ended.stdout.count("BAD") == 2
