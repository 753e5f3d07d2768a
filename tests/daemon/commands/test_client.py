"""Tests of daemon/commands/client.py, without a service: the commands as people call them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from daemon.journal.journal import Journal
from tests.assets.journals import enter


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a configuration, and a journal in which one file waits."""
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"folders": [{"input": "inbox", "output": "outbox"}]}))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "cat.jpg").touch()
    journal = Journal(tmp_path / "state")
    enter(journal, inbox / "cat.jpg", inbox)
    journal.close()
    return tmp_path


def tintd(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nobody at the terminal."""
    command = [sys.executable, "-m", "daemon", *arguments]
    environment = {"PYTHONPATH": ":".join(sys.path)}
    return subprocess.run(
        command, cwd=home, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def test_a_relative_path_is_understood(home: Path) -> None:
    """It starts from the current folder."""
    ended = tintd(home, "cancel", "inbox/cat.jpg")
    assert (ended.returncode, ended.stdout) == (0, "1 file cancelled\n")


def test_no_match_is_an_error(home: Path) -> None:
    """Which says what was looked for; a command for all files may find none."""
    ended = tintd(home, "cancel", "dog.jpg")
    assert ended.returncode == 1
    assert "no waiting or running file matches dog.jpg" in ended.stderr
    assert tintd(home, "retry").returncode == 0


def test_all_files_are_changed_only_after_a_question(home: Path) -> None:
    """Or with --yes."""
    ended = tintd(home, "forget", "*")
    assert ended.returncode == 1
    assert "Forget all files" in ended.stderr
    assert tintd(home, "forget", "--yes", "*").stdout == "1 file forgotten\n"


def test_the_old_name_of_recolor_works_with_a_notice(home: Path) -> None:
    """For one release."""
    ended = tintd(home, "again", "*")
    assert ended.returncode == 0
    assert "`tintd again` is now called `tintd recolor`" in ended.stderr
