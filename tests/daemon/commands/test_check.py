"""Tests of daemon/commands/check.py."""

import subprocess
import sys
import tempfile
from itertools import takewhile
from pathlib import Path

import pytest
import yaml

from daemon.commands.check import _findings
from tests.conftest import TIMEOUT


def check(tmp_path: Path, **settings: object) -> subprocess.CompletedProcess[str]:
    """Run `tintd check` on a configuration."""
    config = {"folders": [{"input": "inbox", "output": "outbox"}], **settings}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "daemon", "check", "-c", str(tmp_path / "config.yaml")]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def test_a_sound_installation_is_said_to_be_one(tmp_path: Path, weights: Path) -> None:
    """Configuration, folders, weights, device and encoders, each in a line."""
    ended = check(tmp_path, colour={"weights": str(weights)})
    assert ended.returncode == 0, ended.stdout
    for word in ("configuration", "inbox", "weights", "on their side are not found", "terms", "device", "libx264"):
        assert word in " ".join(ended.stdout.split())
    assert "BAD" not in ended.stdout


def test_what_is_wrong_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Weights that are not there, a folder that is a file."""
    (tmp_path / "outbox").write_text("in the way")
    ended = check(tmp_path, colour={"weights": "nothing.safetensors"})
    assert ended.returncode == 1
    assert "no weights file" in ended.stdout
    assert ended.stdout.count("BAD") == 2


def about_folders(tmp_path: Path, **settings: object) -> str:
    """The findings up to those about folders; the others load torch."""
    config = {"folders": [{"input": "inbox", "output": "outbox"}], "web": {"address": "off"}, **settings}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    found = takewhile(lambda finding: "weights" not in finding.text, _findings(tmp_path / "config.yaml"))
    return "\n".join(f"{finding.level} {finding.text}" for finding in found)


def test_the_space_that_jobs_leave_is_that_of_the_configuration(tmp_path: Path) -> None:
    """A small disk is no mistake where jobs need little, and the setting is named where it has too little."""
    said = about_folders(tmp_path, work={"spare_mib": 1 << 40}, colour={"weights": "none"})
    assert f"jobs wait below {1 << 40} MiB: delete some files, or lower `work.spare_mib`" in said
    assert "BAD" not in about_folders(tmp_path, work={"spare_mib": 0}, colour={"weights": "none"})


def test_a_variable_that_names_no_setting_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has one underscore too few, say, and is not used."""
    monkeypatch.setenv("TINTD_WATCHING_METHOD", "polling")
    monkeypatch.setenv("TINTD_LOG__LEVEL", "debug")
    said = about_folders(tmp_path, colour={"weights": "none"})
    assert "warning TINTD_WATCHING_METHOD: this environment variable names no setting" in said
    assert "TINTD_LOG__LEVEL:" not in said


def test_a_folder_of_originals_need_not_be_writable(tmp_path: Path, weights: Path) -> None:
    """Unless originals move; a missing one is a warning, for its name may be mistyped; a file is called a file."""
    (tmp_path / "file").touch()
    for name in ("readable", "moved"):
        (tmp_path / name).mkdir(mode=0o555)
    folders = [{"input": name, "output": "outbox"} for name in ("readable", "missing", "file", "moved", "made")]
    folders[3] |= {"original": "move"}
    folders[4] |= {"make": True}
    lines = check_as_nobody(tmp_path, folders=folders, colour={"weights": str(weights)})
    assert lines["readable"].startswith("ok")
    assert lines["missing"].startswith("warning")
    assert lines["made"].startswith("ok")
    assert lines["file"].startswith("BAD")
    assert "this is a file" in lines["file"]
    assert "original: move" in lines["moved"]


def check_as_nobody(tmp_path: Path, **settings: object) -> dict[str, str]:
    """The findings about folders, by the folder's name, as a user gets them to whom permissions apply."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom daemon.commands.check import _findings\n"
        "os.getuid() or os.setuid(65534)\n"
        "for finding in _findings(Path(sys.argv[1])): print(finding.level, finding.text, flush=True)"
    )
    for place in (tmp_path, *tmp_path.parents):
        if place == Path(tempfile.gettempdir()):
            break
        place.chmod(0o755)
    command = [sys.executable, "-c", code, str(tmp_path / "config.yaml")]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False).stdout
    found = [line for line in printed.splitlines() if " folder " in line]
    return {Path(line.split(" folder ")[1].split(":")[0].split(" (")[0]).name: line for line in found}


def test_a_hook_that_does_not_exist_is_found(tmp_path: Path, weights: Path) -> None:
    """Before a file is done and nobody hears of it."""
    ended = check(tmp_path, colour={"weights": str(weights)}, hooks={"done": {"command": ["/nowhere/notify"]}})
    assert ended.returncode == 1
    assert "hooks.done.command: there is no program /nowhere/notify" in ended.stdout
