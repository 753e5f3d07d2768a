"""Tests of daemon/jobs/delayed_ends.py, with a share that hangs."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from daemon.config.settings import Config, Folder
from daemon.files.disk_space import DiskSpace
from daemon.jobs.delayed_ends import DelayedEnds
from daemon.jobs.running_job import RunningJob
from daemon.journal.journal import Journal
from daemon.workers import Interrupted, Progress
from tests.assets.journals import enter, started
from tests.assets.shares import hanging_mount
from tests.conftest import TIMEOUT


def test_the_end_of_a_job_waits_for_its_disk(tmp_path: Path) -> None:
    """Jobs of other disks end meanwhile, and progress is told; a job that was stopped meanwhile does not end again."""
    with hanging_mount(tmp_path / "share") as server:
        places = [tmp_path / "share" / "in", tmp_path / "local"]
        for place in places:
            place.mkdir()
        folders = [Folder(input=place, output=place) for place in places]
        ends = DelayedEnds(DiskSpace(Config(folders=tuple(folders))))
        running = jobs_in(Journal(tmp_path / "journal"), folders)
        os.kill(server, signal.SIGSTOP)
        try:
            told = [Interrupted(1), Interrupted(2), Progress(1, 1, 1), Interrupted(3)]
            assert list(ends.ready(told, running)) == [Progress(1, 1, 1), Interrupted(2)]
        finally:
            os.kill(server, signal.SIGCONT)
        del running[1]
        found, end = [], time.monotonic() + TIMEOUT
        while not found and time.monotonic() < end:
            found = list(ends.ready([], running))
        assert found == [Interrupted(3)]
        assert list(ends.ready([], running)) == []


def jobs_in(journal: Journal, folders: list[Folder]) -> dict[int, RunningJob]:
    """Three running jobs, of the folders in turn."""
    made = {}
    for number in range(3):
        folder = folders[number % 2]
        enter(journal, folder.input / f"{number}", folder.input)
        record = started(journal)
        made[record.id] = RunningJob(record, folder, folder.output / "work", 0.0)
    return made
