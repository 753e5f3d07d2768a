"""Promise 2, the clock: it jumps, years forward and back, while files wait and while they are coloured."""

from __future__ import annotations

import os
import time
from pathlib import Path

from daemon.config.settings import Config, Folder
from daemon.files.identity import Identity
from daemon.jobs.retries import Again, after_failure, longest_delay
from daemon.journal.journal import Journal
from daemon.journal.maintenance import Pruning, mend_dates

YEAR = 365 * 86_400.0
CONFIG = Config(folders=(Folder(input=Path("/in"), output=Path("/out")),))


def test_what_waits_does_not_wait_for_the_clock_of_yesterday(tmp_path: Path) -> None:
    """Breaks: the clock, which was four years ahead when a file came, and is then set right."""
    journal = Journal(tmp_path)
    now = time.time()
    journal.add(Path("/in/a"), Path("/in"), Identity(1, 1, 1), "a", now + 4 * YEAR)
    journal.add(Path("/in/b"), Path("/in"), Identity(1, 1, 1), "b", now + 60)
    assert journal.take(now, now + 1) is None
    assert mend_dates(journal.database, now, longest_delay(CONFIG)) == 1
    entry = journal.take(now, now + 1)
    assert entry is not None
    assert entry.path == Path("a")


def test_a_file_from_the_future_is_not_waited_for() -> None:
    """Breaks: the clock, which was ten years ahead when a damaged file came; it fails like any other, and not then."""
    following = after_failure("truncated", 1, time.time() + 10 * YEAR, time.time(), CONFIG)
    assert isinstance(following, Again)
    assert following.due < time.time() + 3600


def test_a_jump_forward_forgets_no_file_that_is_there(tmp_path: Path) -> None:
    """Breaks: the clock, which jumps ten years ahead: the journal's old age must not make it forget what lies there."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    config = Config(folders=(Folder(input=inbox, output=tmp_path / "out"),))
    journal = Journal(tmp_path / "state")
    for name in ("lies there", "is gone"):
        (inbox / name).touch()
        journal.add(inbox / name, inbox, Identity(0, 1, 1), name, 0)
        entry = journal.take(1, 2)
        assert entry is not None
        journal.finish(entry.id, 3)
    (inbox / "is gone").unlink()
    pruning = Pruning(config)
    assert pruning.go_on(journal.database, YEAR) == 0
    assert pruning.go_on(journal.database, 10 * YEAR) == 1
    assert journal.find(inbox / "lies there", inbox) is not None
    assert journal.find(inbox / "is gone", inbox) is None


def test_an_absent_mount_is_never_pruned(tmp_path: Path) -> None:
    """Breaks: the mount of the originals, which is absent, or there but empty, when old jobs are looked through."""
    inbox = tmp_path / "in"
    inbox.mkdir()
    journal = Journal(tmp_path / "state")
    journal.add(inbox / "a", inbox, Identity(0, 1, 1), "a", 0)
    entry = journal.take(1, 2)
    assert entry is not None
    journal.finish(entry.id, 3)
    pruning = Pruning(Config(folders=(Folder(input=inbox, output=tmp_path / "out"),)))
    assert pruning.go_on(journal.database, 10 * YEAR) == 0
    inbox.rmdir()
    assert pruning.go_on(journal.database, 10 * YEAR) == 0
    assert os.path.lexists(inbox) is False
