"""Tests of daemon/jobs/upkeep.py, with a real journal and real folders."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from daemon.config.settings import Config, Folder
from daemon.jobs.upkeep import Upkeep
from daemon.journal.journal import Journal
from tests.assets.journals import enter, started

YEAR = 365 * 86_400.0


def test_all_is_put_in_order_when_it_is_due(tmp_path: Path) -> None:
    """A job whose file is long gone is deleted, one of the future is due, and the work folder of an ended one goes."""
    inbox, output = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    (inbox / "other").touch()
    config = Config(state=tmp_path / "state", folders=(Folder(input=inbox, output=output),))
    journal = Journal(config.state)
    now = time.time()
    enter(journal, inbox / "gone", inbox, now=now - 10 * YEAR)
    journal.finish(started(journal, now - 10 * YEAR).id, now - 10 * YEAR)
    upkeep = Upkeep(config, journal)
    upkeep.do_if_due()
    assert journal.find(inbox / "gone", inbox) is None

    enter(journal, inbox / "future", inbox, now=now + YEAR)
    left = output / f".tintd-{journal.id}-7"
    left.mkdir(parents=True)
    upkeep.do_if_due()
    assert left.exists()
    assert upkeep.seconds_until_due() > 0
    upkeep.hasten()
    upkeep.do_if_due()
    for thread in threading.enumerate():
        if thread.name == "sweeper":
            thread.join()
    assert not left.exists()
    assert started(journal, now + 1).path == Path("future")
