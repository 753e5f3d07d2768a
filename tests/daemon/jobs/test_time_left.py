"""Tests of daemon/jobs/time_left.py: with a real journal; the clock is the test's."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.config.settings import Folder
from daemon.files.identity import Identity
from daemon.jobs.running_job import RunningJob
from daemon.jobs.time_left import seconds_left
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd
from daemon.journal.workload import read_workload
from tests.assets.journals import enter, started

INBOX = Path("/in")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty one."""
    return Journal(tmp_path)


def drop(journal: Journal, name: str, size: int) -> None:
    """A file of so many bytes enters the journal."""
    enter(journal, INBOX / name, INBOX, Identity(size, 1, 1))


def do(journal: Journal, begun: float, ended: float) -> None:
    """The next file is coloured in this time."""
    journal.finish(started(journal, begun).id, ended, None)


def run(journal: Journal, *samples: tuple[float, int], frames: int = 0) -> RunningJob:
    """The next file is started; so many frames are done at these times."""
    job = RunningJob(started(journal), Folder(input=INBOX, output=Path("/out")), Path("/work"), 0.0)
    for now, done in samples:
        job.frames_done, job.frames = done, frames
        job.speed.note(done, now)
    return job


def left(journal: Journal, *running: RunningJob, workers: int = 1, now: float = 0) -> float | None:
    """The estimate."""
    return seconds_left(read_workload(journal.database), running, workers, now)


def test_waiting_files_take_as_long_as_the_latest_ones_of_their_kind(journal: Journal) -> None:
    """A hundred bytes a second for photographs, ten for films."""
    for name, size, seconds in (("a.jpg", 1000, 10), ("a.mkv", 1000, 100)):
        drop(journal, name, size)
        do(journal, 1, 1 + seconds)
    drop(journal, "b.jpg", 2000)
    assert left(journal) == pytest.approx(20)
    drop(journal, "b.mkv", 500)
    assert left(journal) == pytest.approx(20 + 50)


def test_a_file_that_is_tried_again_later_is_waited_for(journal: Journal) -> None:
    """Breaks: "about 0 s left" beside "next attempt in 9 min"."""
    drop(journal, "a.jpg", 1000)
    do(journal, 1, 11)
    drop(journal, "b.jpg", 1000)
    journal.try_again(started(journal, 20).id, AttemptEnd("failed", "it ends too early"), 600, 20, refund=False)
    assert left(journal, now=60) == pytest.approx(540)
    assert left(journal, now=599) == pytest.approx(10)


def test_a_film_that_has_not_been_done_before_is_estimated_by_the_running_one(journal: Journal) -> None:
    """Half of it took 50 s, and as long as that is left; the waiting one is twice as large."""
    drop(journal, "a.mkv", 1000)
    first = run(journal, (0, 1), (49.9, 500), frames=1000)
    assert left(journal, first) == pytest.approx(50, rel=0.01)
    drop(journal, "b.mkv", 2000)
    assert left(journal, first) == pytest.approx(50 + 200, rel=0.01)


def test_nothing_is_said_where_nothing_is_known(journal: Journal) -> None:
    """A first film that is still planned, and one that waits when only photographs were done."""
    drop(journal, "a.jpg", 1000)
    do(journal, 1, 11)
    drop(journal, "a.mkv", 1000)
    assert left(journal) is None
    assert left(journal, run(journal, (0, 0))) is None


def test_workers_share_the_running_films_and_each_film_takes_its_time(journal: Journal) -> None:
    """Two of 100 s on two workers take 100 s; one of 100 s does too, whatever the number of workers."""
    drop(journal, "a.mkv", 1000)
    drop(journal, "b.mkv", 1000)
    films = [run(journal, (0, 1), (10, 101), frames=1101) for _ in range(2)]
    assert left(journal, *films, workers=2) == pytest.approx(100)
    assert left(journal, films[0], workers=2) == pytest.approx(100)
