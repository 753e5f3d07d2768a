"""Promise 2, the clock: it jumps, years forward and back, while files wait and while they are coloured."""

from __future__ import annotations

import os
import time
from pathlib import Path

from daemon.config.settings import Config, Folder
from daemon.jobs.retries import TryAgain, after_failure, longest_delay
from daemon.journal.journal import Journal
from daemon.journal.maintenance import Pruning, correct_due_times
from tests.assets.journals import enter, start, started

YEAR = 365 * 86_400.0
CONFIG = Config(folders=(Folder(input=Path("/in"), output=Path("/out")),))


def test_what_waits_does_not_wait_for_the_clock_of_yesterday(tmp_path: Path) -> None:
    """Breaks: the clock, which was four years ahead when a file came, and is then set right."""
    journal = Journal(tmp_path)
    now = time.time()
    enter(journal, Path("/in/a"), Path("/in"), now=now + 4 * YEAR)
    enter(journal, Path("/in/b"), Path("/in"), now=now + 60)
    assert start(journal, now) is None
    assert correct_due_times(journal.database, now, longest_delay(CONFIG)) == 1
    assert started(journal, now).path == Path("a")


def test_a_file_from_the_future_is_not_waited_for() -> None:
    """Breaks: the clock, which was ten years ahead when a damaged file came; it fails like any other, and not then."""
    following = after_failure("truncated", 1, time.time() + 10 * YEAR, time.time(), CONFIG)
    assert isinstance(following, TryAgain)
    assert following.due < time.time() + 3600


def test_a_jump_forward_forgets_no_file_that_is_there(tmp_path: Path) -> None:
    """Breaks: the clock, which jumps ten years ahead: the journal's old age must not make it forget what lies there."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    config = Config(folders=(Folder(input=inbox, output=tmp_path / "out"),))
    journal = Journal(tmp_path / "state")
    for name in ("lies there", "is gone"):
        (inbox / name).touch()
        enter(journal, inbox / name, inbox)
        journal.finish(started(journal).id, 3)
    (inbox / "is gone").unlink()
    pruning = Pruning(config)
    assert pruning.step(journal.database, YEAR) == 0
    assert pruning.step(journal.database, 10 * YEAR) == 1
    assert journal.find(inbox / "lies there", inbox) is not None
    assert journal.find(inbox / "is gone", inbox) is None


def test_an_absent_mount_is_never_pruned(tmp_path: Path) -> None:
    """Breaks: the mount of the originals, which is absent, or there but empty, when old jobs are looked through."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    journal = Journal(tmp_path / "state")
    enter(journal, inbox / "a", inbox)
    journal.finish(started(journal).id, 3)
    pruning = Pruning(Config(folders=(Folder(input=inbox, output=tmp_path / "out"),)))
    assert pruning.step(journal.database, 10 * YEAR) == 0
    inbox.rmdir()
    assert pruning.step(journal.database, 10 * YEAR) == 0
    assert os.path.lexists(inbox) is False
