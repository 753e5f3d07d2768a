"""Tests of daemon/workers/film_sharing.py: real workers, and the real service, colour one film together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from colorizer.job import Job, Part, Span
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from daemon.config.work import Work
from daemon.workers import (
    ColourFiles,
    Done,
    Event,
    ExecutorStatus,
    Failed,
    Interrupted,
    Progress,
    WeightsLoaded,
    WorkerPool,
)
from daemon.workers.events import PieceDone, Planned
from daemon.workers.executor import WorkerStatus
from daemon.workers.film_sharing import FilmSharing
from tests.assets.executor import FakeExecutor
from tests.assets.films import Film, write_film

pytestmark = pytest.mark.usefixtures("forked_workers")

LONG = Film(
    frames=240,
    rate=1,
    pts=tuple(112_500 * number for number in range(240)),
    options={"g": "20", "preset": "ultrafast"},
    shot_frames=60,
)
"""Five minutes in four shots."""


@contextmanager
def sharing(weights: Path, workers: int) -> Iterator[FilmSharing]:
    """Workers that share films; they do not outlive the test."""
    colours = [ColourSettings(weights=weights, device="cpu")]
    executor = FilmSharing(WorkerPool(colours, Work(workers=workers)))
    executor.start()
    try:
        while len(executor.vacancies()) < workers:
            executor.events(1)
        yield executor
    finally:
        executor.stop()


def job(root: Path, source: Path, weights: Path) -> Job:
    """A film to colour, in a folder of its own."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"), film=FilmSettings(speed="ultrafast"))
    root.mkdir()
    return Job(source, root / "result", root, settings)


def ended(executor: FilmSharing, key: int, most: list[int]) -> Event:
    """Wait for the end of a film; `most` gets the numbers of workers that were at it at the same time."""
    end = time.monotonic() + 200
    while time.monotonic() < end:
        events = [event for event in executor.events(0.2) if not isinstance(event, WeightsLoaded)]
        assert all(event.key == key for event in events)
        most.append(sum(key in worker.keys for worker in executor.status.workers))
        for event in events:
            if not isinstance(event, Progress):
                return event
    pytest.fail("the film does not end")


def test_all_workers_colour_one_long_film(tmp_path: Path, weights: Path) -> None:
    """They end up with the bits of one worker, and the submitter sees one key and one end."""
    source, results, most = write_film(tmp_path / "film.mp4", LONG), [], []
    for workers in (1, 2):
        with sharing(weights, workers) as executor:
            wanted = job(tmp_path / str(workers), source, weights)
            executor.submit(ColourFiles({7: wanted}), executor.vacancies()[0])
            assert isinstance(ended(executor, 7, most), Done)
            results.append(wanted.target.read_bytes())
            assert len(executor.vacancies()) == workers
    assert max(most) == 2
    assert results[0] == results[1]


def test_a_cancelled_film_frees_all_workers(tmp_path: Path, weights: Path) -> None:
    """No part of it goes on, and nothing is told of it any more."""
    source = write_film(tmp_path / "film.mp4", LONG)
    with sharing(weights, 2) as executor:
        executor.submit(ColourFiles({7: job(tmp_path / "job", source, weights)}), executor.vacancies()[0])
        while sum(7 in worker.keys for worker in executor.status.workers) < 2:
            executor.events(0.2)
        executor.cancel([7])
        assert all(not worker.keys for worker in executor.status.workers)
        while len(executor.vacancies()) < 2:
            assert not [event for event in executor.events(0.2) if not isinstance(event, WeightsLoaded)]


def test_a_worker_that_crashes_ends_the_film_once(tmp_path: Path, weights: Path) -> None:
    """It costs one attempt of the job; the next one keeps the finished segments."""
    source = write_film(tmp_path / "film.mp4", LONG)
    with sharing(weights, 2) as executor:
        executor.submit(ColourFiles({7: job(tmp_path / "job", source, weights)}), executor.vacancies()[0])
        while sum(7 in worker.keys for worker in executor.status.workers) < 2:
            executor.events(0.2)
        os.kill(int(executor.status.workers[0].name.split()[0]), signal.SIGSEGV)
        end = ended(executor, 7, [])
        assert not isinstance(end, Done | Interrupted)
        assert all(not worker.keys for worker in executor.status.workers)


class TwoWorkers(FakeExecutor):
    """An executor of two workers, one of which has nothing to do."""

    @property
    def status(self) -> ExecutorStatus:
        """Both."""
        return replace(
            super().status, workers=(WorkerStatus("1 (cpu)", is_ready=True), WorkerStatus("2 (cpu)", is_ready=True))
        )


def begin_film(tmp_path: Path, weights: Path) -> Callable[..., list[Event]]:
    """Begin film 7 with two workers; the function gives what is told of it when the workers report events."""
    wanted = job(tmp_path / "job", write_film(tmp_path / "film.mp4", Film(frames=3)), weights)
    executor = TwoWorkers([wanted.settings.colour])
    sharing = FilmSharing(executor)
    sharing.submit(ColourFiles({7: wanted}), executor.vacancies()[0])

    def reported(*events: Event) -> list[Event]:
        executor.reported = list(events)
        if not isinstance(events[0], Progress):
            executor.task = None
        return sharing.events(0)

    return reported


def test_spans_that_are_read_by_several_workers_are_told_as_one_film(tmp_path: Path, weights: Path) -> None:
    """A span whose worker is lost is read again."""
    reported = begin_film(tmp_path, weights)
    assert reported(Progress(7, 0, 0, read=0.5)) == [Progress(7, 0, 0, read=0.5)]
    assert reported(Planned(7, (Span(None, 100), Span(100, None)))) == []
    assert reported(Progress(-1, 0, 0, read=0.5)) == [Progress(7, 0, 0, read=0.25)]
    assert reported(PieceDone(-1)) == []
    assert reported(Progress(-2, 0, 0, read=0.5)) == [Progress(7, 0, 0, read=0.75)]
    assert reported(Interrupted(-2)) == []
    assert reported(Progress(-3, 0, 0, read=0.0)) == [Progress(7, 0, 0, read=0.5)]
    failed = Failed(-3, "failed", "film.mp4: damaged")
    assert reported(failed, Progress(-1, 0, 0, read=0.5)) == [replace(failed, key=7)]


def test_frames_of_an_earlier_attempt_are_told_apart(tmp_path: Path, weights: Path) -> None:
    """A part that was done before, and one of which a half was: neither says how fast the film is coloured."""
    reported = begin_film(tmp_path, weights)
    parts = tuple(Part(number, number + 1, 100) for number in range(3))
    assert reported(Planned(7, parts)) == []
    assert reported(Progress(-1, 40, 100)) == [Progress(7, 40, 300, 40)]
    assert reported(Progress(-1, 90, 100)) == [Progress(7, 90, 300, 40)]
    assert reported(PieceDone(-1)) == []
    assert reported(Progress(-2, 0, 100)) == [Progress(7, 100, 300, 40)]
    assert reported(Interrupted(-2)) == []
    assert reported(PieceDone(-3)) == []
    assert reported(Progress(-4, 0, 100)) == [Progress(7, 200, 300, 140)]
