"""Tests of daemon/watch/fingerprints.py, and of how daemon/jobs/intake.py waits for them."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from colorizer.fingerprint import fingerprint
from daemon.config.settings import Config
from daemon.files.identity import identify
from daemon.jobs.intake import Intake
from daemon.journal.journal import Journal
from daemon.watch import fingerprints as module
from daemon.watch.fingerprints import Fingerprints
from daemon.watch.watcher import ReadyFile
from tests.conftest import TIMEOUT


def ready(path: Path) -> ReadyFile:
    """A complete file."""
    identity = identify(path)
    assert identity is not None
    [folder] = config(path.parent).folders
    return ReadyFile(folder, path, identity)


def config(inbox: Path) -> Config:
    """A folder that is scanned all the time, for files that are complete at once."""
    watching = {"method": "polling", "settle_seconds": 0, "poll_seconds": 0.1}
    return Config.model_validate({"folders": [{"input": inbox, "output": inbox.parent / "out"}], "watching": watching})


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_fingerprints_come_in_order(tmp_path: Path) -> None:
    """One for each file; a file that is gone has none, and one that cannot be read has the reason."""
    files = [tmp_path / name for name in ("a.jpg", "gone.jpg", "b.jpg")]
    for path in files:
        path.write_text(path.name)
    waiting = [ready(path) for path in files]
    files[1].unlink()
    fingerprints = Fingerprints(lambda: None)
    for file in waiting:
        fingerprints.request(file, is_new=False)
    made = []
    until(lambda: made.extend(fingerprints.made(10)) or len(made) == 3)
    assert [one.fingerprint for one in made] == [fingerprint(files[0]), None, fingerprint(files[2])]
    assert not fingerprints.is_busy
    fingerprints.stop()


def test_a_folder_waits_for_no_file_of_another(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a file on a share that hangs while it is read."""
    for name in ("share", "local"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_text(name)
    slow, quick = (ready(tmp_path / name / "a.jpg") for name in ("share", "local"))
    slow.path.unlink()
    os.mkfifo(slow.path)
    fingerprints = Fingerprints(lambda: None)
    for file in (slow, quick):
        fingerprints.request(file, is_new=True)
    made = []
    until(lambda: made.extend(fingerprints.made(10)) or made)
    assert [one.file for one in made] == [quick]
    os.close(os.open(slow.path, os.O_WRONLY))
    until(lambda: made.extend(fingerprints.made(10)) or len(made) == 2)
    fingerprints.stop()


def test_an_error_in_the_thread_reaches_the_main_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that would wait for ever must not look like ones that are still being read."""
    monkeypatch.setattr(module, "fingerprint", None)
    (tmp_path / "a.jpg").touch()
    fingerprints = Fingerprints(lambda: None)
    fingerprints.request(ready(tmp_path / "a.jpg"), is_new=False)
    with pytest.raises(TypeError):
        until(lambda: fingerprints.made(1))
    fingerprints.stop()


def test_a_file_that_is_read_slowly_delays_nobody(tmp_path: Path) -> None:
    """A pipe that nobody writes to stands for a mount that is away: the intake returns, and enters the file later."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    journal = Journal(tmp_path / "state")
    (inbox / "a.jpg").write_text("x")
    intake = Intake(config(inbox), journal, lambda: None)
    file = ready(inbox / "a.jpg")
    (inbox / "a.jpg").unlink()
    os.mkfifo(inbox / "a.jpg")
    intake.start()
    intake._fingerprints.request(file, is_new=False)  # noqa: SLF001 (a pipe is never complete by itself)
    for _ in range(10):
        intake.take_in()
        time.sleep(0.01)
    assert sum(journal.counts().values()) == 0
    os.close(os.open(inbox / "a.jpg", os.O_WRONLY))
    until(lambda: intake.take_in() or sum(journal.counts().values()) == 1)
    intake.stop()
