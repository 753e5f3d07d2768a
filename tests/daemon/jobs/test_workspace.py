"""Tests of daemon/jobs/workspace.py: the sweeper, with a real journal and real folders."""

from __future__ import annotations

import threading
from pathlib import Path

from daemon.jobs.workspace import Sweeper
from daemon.journal.journal import Journal
from tests.assets.journals import enter, started


def sweep(state: Path, output: Path) -> None:
    """Let the sweeper work, and wait until it has ended."""
    Sweeper(state).start([output, output / "away"])
    for thread in threading.enumerate():
        if thread.name == "sweeper":
            thread.join()


def test_only_work_folders_of_jobs_that_have_ended_are_removed(tmp_path: Path) -> None:
    """Whatever was left behind; one of another journal, a foreign folder and a job in work are not touched."""
    journal = Journal(tmp_path / "state")
    for name in ("done", "running"):
        enter(journal, tmp_path / name, tmp_path)
    journal.skip(started(journal).id, "no picture", 2)
    started(journal)
    output = tmp_path / "out"
    kept = [f".tintd-{journal.id}-2", ".tintd-0123-1", "mine"]
    for name in (*kept, f".tintd-{journal.id}-1", f".tintd-{journal.id}-1.ended", f".tintd-{journal.id}-7"):
        (output / name / "film").mkdir(parents=True)
    sweep(tmp_path / "state", output)
    assert sorted(path.name for path in output.iterdir()) == sorted(kept)


def test_a_work_folder_that_cannot_be_removed_keeps_no_other(tmp_path: Path) -> None:
    """Breaks: an earlier result in it cannot get its name back, because a file lies where its folder was."""
    journal, output = Journal(tmp_path / "state"), tmp_path / "out"
    for number in range(1, 6):
        (output / f".tintd-{journal.id}-{number}" / "before").mkdir(parents=True)
    (output / "films").write_text("a file")
    (output / f".tintd-{journal.id}-3" / "before.path").write_bytes(bytes(output / "films" / "reel.frames"))
    sweep(tmp_path / "state", output)
    assert sorted(path.name for path in output.iterdir()) == [f".tintd-{journal.id}-3", "films"]
    assert (output / f".tintd-{journal.id}-3" / "before").exists()


def test_without_a_journal_nothing_is_removed(tmp_path: Path) -> None:
    """It may have been removed under the running service."""
    (tmp_path / "out" / ".tintd-0123-1").mkdir(parents=True)
    sweep(tmp_path / "state", tmp_path / "out")
    assert (tmp_path / "out" / ".tintd-0123-1").exists()
