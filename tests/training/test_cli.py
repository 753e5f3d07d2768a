"""Tests of training/cli.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command",
    [["train", "r.yaml"], ["evaluate", "default", "r.yaml"], ["export", "r.yaml"], ["export", "r.safetensors"]],
)
def test_threads_wait_passively(tmp_path: Path, command: list[str]) -> None:
    """OpenMP gets its waiting policy before torch loads it; threads that spin would take the processor time of others.

    The files do not exist, so each command ends with an error after it has loaded torch.

    """
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-m", "daemon", *command],
        cwd=tmp_path,
        env=environment | {"OMP_DISPLAY_ENV": "true", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
