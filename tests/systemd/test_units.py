"""Tests of systemd/: the units are what systemd understands, and give away little."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def installed(tmp_path: Path, unit: Path) -> Path:
    """The unit as it would be where tintd lies at a path that exists here."""
    text = re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text(), flags=re.MULTILINE)
    copy = tmp_path / unit.name
    copy.write_text(text)
    return copy


@pytest.mark.parametrize("name", ["tintd.service", "user/tintd.service"])
def test_systemd_understands_every_line(tmp_path: Path, name: str) -> None:
    """No unknown section, key or value."""
    unit = installed(tmp_path, UNITS / name)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    complaints = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert complaints == []


@pytest.mark.parametrize(("name", "most"), [("tintd.service", 1.5), ("user/tintd.service", 2.5)])
def test_the_service_gives_away_little(tmp_path: Path, name: str, most: float) -> None:
    """Its exposure is so much or better (0 is none, 10 all)."""
    unit = installed(tmp_path, UNITS / name)
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level is not None
    assert float(level[1]) <= most


@pytest.mark.parametrize("name", ["tintd.service", "user/tintd.service"])
def test_a_worker_that_the_kernel_takes_does_not_stop_the_service(name: str) -> None:
    """As it would by systemd's default."""
    assert "OOMPolicy=continue" in (UNITS / name).read_text().splitlines()


@pytest.mark.parametrize("name", ["tintd.service", "user/tintd.service"])
def test_a_reload_reads_the_configuration(name: str) -> None:
    """By SIGHUP, also where a user's manager runs the service."""
    assert "ExecReload=/bin/kill -HUP $MAINPID" in (UNITS / name).read_text().splitlines()


def test_what_breaks_the_gpu_is_not_asked_for() -> None:
    """PrivateDevices hides it; MemoryDenyWriteExecute stops CUDA and oneDNN from compiling their kernels."""
    settings = [line for line in (UNITS / "tintd.service").read_text().splitlines() if not line.startswith("#")]
    assert "PrivateDevices=yes" not in settings
    assert "MemoryDenyWriteExecute=yes" not in settings
    assert "DeviceAllow=char-nvidia rw" in settings
