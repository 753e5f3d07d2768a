"""Tests of benchmarks/figures.py: what is kept of a measurement."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.figures import Figure, Machine, Neighbours, print_figures, processor_seconds, write_figures

MACHINE = Machine("AMD EPYC 9654 (R)", 2, bfloat16=True, device="cpu", torch="2.9")
FIGURES = [Figure("film / floor", 1.5, "times", 1.2), Figure("memory", 70, "MiB", 80), Figure("list", 20, "ms")]


def test_each_figure_is_shown_with_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """A bar that is missed is named as such, with the ratio of the figure to it."""
    print_figures(FIGURES)
    lines = {line.split("│")[1].strip(): line for line in capsys.readouterr().out.splitlines() if line.count("│") == 5}
    assert "1.5 times" in lines["film / floor"]
    assert "missed: 1.25 of the bar" in lines["film / floor"]
    assert "kept" in lines["memory"]
    assert "kept" not in lines["list"]


@pytest.mark.parametrize("share", [0.01, 0.4])
def test_the_file_says_whether_the_machine_was_quiet(tmp_path: Path, share: float) -> None:
    """Its name is that of the machine, and it says which bars are kept."""
    path = write_figures(FIGURES, MACHINE, share, tmp_path / "results")
    content = json.loads(path.read_text())
    assert path.name == "amd-epyc-9654-r-2-cpu.json"
    assert (content["quiet"], content["used by others"]) == (share == 0.01, share)
    assert [one["holds"] for one in content["figures"]] == [False, True, True]


def test_own_processes_are_no_neighbours() -> None:
    """The time of a process that this one has started counts as its own once it has ended."""
    neighbours, before = Neighbours(), processor_seconds()
    code = "import time; sum(range(5_000_000)); print(time.process_time())"
    child = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert processor_seconds() - before >= float(child.stdout)
    assert 0 <= neighbours.share() <= 1
