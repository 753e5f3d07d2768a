"""Tests of daemon/cli.py: the command as people call it."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT

TINTD = Path(sys.executable).parent / "tintd"


def tintd(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run([TINTD, *arguments], capture_output=True, text=True, timeout=TIMEOUT, check=False)


def test_help_names_every_command() -> None:
    """Those of the service, and those that training registered; no sentence is cut off."""
    help_ = tintd("--help").stdout
    assert not re.search(r"\w\.\.\.$", help_, re.MULTILINE)
    for entry in entry_points(group="tintd.commands"):
        assert entry.name in help_


def test_importing_the_command_loads_neither_torch_nor_av() -> None:
    """In a fresh process."""
    code = "import sys, daemon.cli; print(sorted({'torch', 'av'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_help_needs_no_torch() -> None:
    """It answers at once: nothing heavy is imported, not by any command."""
    code = """
import sys
from importlib.metadata import entry_points
import daemon.cli
for entry in entry_points(group="tintd.commands"):
    entry.load()
print(sorted({"torch", "av", "numpy", "pyvips", "lightning"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_service_needs_no_torch() -> None:
    """Nor av: no codec can crash it."""
    code = "import sys, daemon.service; print(sorted({'torch', 'av', 'numpy', 'pyvips'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_what_asks_the_service_loads_no_part_of_it() -> None:
    """`tintd status` starts in half the time; forty at once are answered soon."""
    code = """
import sys
import daemon.cli, daemon.commands.status, daemon.commands.pause
print(sorted({"structlog", "watchdog", "daemon.jobs", "daemon.watch", "daemon.workers"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_version_is_said() -> None:
    """As the package has it."""
    assert tintd("--version").stdout.startswith("tintd 0.")


@pytest.mark.parametrize("command", ["run", "status", "retry", "check"])
def test_a_missing_configuration_is_one_line(command: str) -> None:
    """No trace, but what to do."""
    arguments = ["*"] if command == "retry" else []
    ended = tintd(command, *arguments, "--config", "/nowhere/config.yaml")
    assert ended.returncode == 1
    assert "/nowhere/config.yaml" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
