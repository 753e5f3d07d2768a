"""Tests of training/cli.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TORCH = """
import os, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "torch":
            print(os.environ.get("OMP_WAIT_POLICY"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Finder())
from daemon.cli import main
main()
"""
"""The command, which ends where it loads torch, and says what OpenMP's waiting policy is then."""


def run(folder: Path, python: list[str], command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Python with a command's arguments in a folder, without a waiting policy of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    return subprocess.run(
        [sys.executable, *python, *command],
        cwd=folder,
        env=environment | {"OMP_DISPLAY_ENV": "true", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [["train", "r.yaml"], ["evaluate", "default", "r.yaml"], ["export", "r.yaml"], ["export", "r.safetensors"]],
)
def test_the_waiting_policy_is_set_before_torch_is_loaded(tmp_path: Path, command: list[str]) -> None:
    """By each command that loads torch: OpenMP reads the policy when torch loads it, and never again."""
    assert run(tmp_path, ["-c", TORCH], command).stdout == "PASSIVE\n"


def test_threads_wait_passively(tmp_path: Path) -> None:
    """As OpenMP itself says; threads that spin would take the processor time of others.

    The recipe does not exist, so the command ends with an error after it has loaded torch.

    """
    done = run(tmp_path, ["-m", "daemon"], ["train", "r.yaml"])
    assert done.returncode != 0
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
