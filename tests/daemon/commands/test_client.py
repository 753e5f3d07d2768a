"""Tests of daemon/commands/client.py, without a service: the commands as people call them."""

import csv
import re
import subprocess
import sys
from contextlib import closing
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


def tintd(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with nobody at the terminal."""
    command = [sys.executable, "-m", "daemon", *arguments]
    environment = {"PYTHONPATH": ":".join(sys.path), **variables}
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


@pytest.mark.parametrize("command", ["history", "report"])
def test_what_is_looked_up_has_the_same_patterns(home: Path, command: str) -> None:
    """A relative path is understood, a pattern that matches no file is an error."""
    with closing(Journal(home / "state")) as journal:
        job = journal.find(home / "inbox" / "cat.jpg", home / "inbox")
        assert job is not None
        journal.start(job, "worker", 1e9)
    ended = tintd(home, command, "inbox/cat.jpg")
    assert ended.returncode == 0
    assert "inbox/cat.jpg" in ended.stdout
    ended = tintd(home, command, "dog.jpg")
    assert (ended.returncode, "dog.jpg" in ended.stderr) == (1, True)


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


def test_a_pause_may_end_by_itself(home: Path) -> None:
    """After the time that was given; `status` says when. A wrong length is a wrong use."""
    assert tintd(home, "pause", "--for", "1h30m").stdout == "paused: no file is started for 90 minutes\n"
    assert re.search(r"paused since .*, until 20.*: by `tintd pause`", tintd(home, "status").stdout)
    for wrong in ("soon", "30", "0m", "8d"):
        assert tintd(home, "pause", "--for", wrong).returncode == 2
    assert tintd(home, "resume").returncode == 0


def test_a_report_has_a_line_for_each_file(home: Path) -> None:
    """As CSV: a name with commas, quotes or line breaks stays in its cell; times have their offset from UTC."""
    inbox, name = home / "inbox", 'a "b", c\n.jpg'
    (inbox / name).touch()
    with closing(Journal(home / "state")) as journal:
        enter(journal, inbox / name, inbox)
        journal.skip(2, "already in colour", 1e9)
    ended = tintd(home, "report", "--csv", TZ="UTC-2")
    assert ended.returncode == 0, ended.stderr
    first, second = csv.DictReader(ended.stdout.splitlines(keepends=True))
    assert (first["file"], first["state"], first["reason"]) == (str(inbox / name), "skipped", "already in colour")
    assert first["ended"] == "2001-09-09T03:46:40+02:00"
    assert (second["file"], second["state"], second["ended"]) == (str(inbox / "cat.jpg"), "waiting", "")
    only = tintd(home, "report", "cat.jpg").stdout.splitlines()
    assert [line.split()[:2] for line in only[1:]] == [[str(inbox / "cat.jpg"), "waiting"]]


@pytest.mark.parametrize("place", ["config.yaml", ".config/tintd/config.yaml"])
def test_the_configuration_is_found_and_said(home: Path, place: str) -> None:
    """That of the current folder, then that of the user; where there is none, all places are named."""
    (home / "elsewhere").mkdir()
    written = (home / "config.yaml").read_text().replace("inbox", str(home / "inbox"))
    (home / "config.yaml").unlink()
    lost = tintd(home / "elsewhere", "status", HOME=str(home))
    assert lost.returncode == 1
    assert f"no config.yaml, {home}/.config/tintd/config.yaml, /etc/tintd/config.yaml" in lost.stderr
    path = home / ("elsewhere" if place == "config.yaml" else "") / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written + f"state: {home}/state\n")
    found = tintd(home / "elsewhere", "status", HOME=str(home))
    assert found.returncode == 0
    assert found.stderr == ("" if place == "config.yaml" else f"configuration: {path}\n")
