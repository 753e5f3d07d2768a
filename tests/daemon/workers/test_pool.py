"""Tests of daemon/workers/pool.py and slot.py: a pool of real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from daemon.config.work import Work
from daemon.workers import (
    ColourFiles,
    Crashed,
    Done,
    Event,
    Executor,
    ExecutorStatus,
    Interrupted,
    Progress,
    WeightsLoaded,
    WorkerPool,
)
from tests.assets.films import ENDLESS, write_film
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT

pytestmark = pytest.mark.usefixtures("forked_workers")


@contextmanager
def started(weights: Path, work: Work) -> Iterator[WorkerPool]:
    """A pool on the processor; its workers do not outlive the test."""
    pool = WorkerPool([ColourSettings(weights=weights, device="cpu")], work)
    pool.start()
    try:
        yield pool
    finally:
        pool.stop()


def until(executor: Executor, true: Callable[[ExecutorStatus, list[Event]], object]) -> list[Event]:
    """Ask for events until something is true; returns all of them, apart from progress."""
    events: list[Event] = []
    end = time.monotonic() + TIMEOUT
    while not true(executor.status, events):
        assert time.monotonic() < end, (executor.status, events)
        events += [event for event in executor.events(timeout=0.5) if not isinstance(event, Progress)]
    return events


def ready(executor: Executor) -> None:
    """Wait until all workers are ready."""
    until(executor, lambda status, _: status.was_ready and status.is_complete)


def job(folder: Path, source: Path, weights: Path) -> Job:
    """A file to colour, with a work folder of its own."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    workspace = folder / f"workspace-{source.stem}"
    workspace.mkdir()
    return Job(source, workspace / "result", workspace, settings)


def test_two_workers_do_two_tasks_beside_each_other(tmp_path: Path, weights: Path) -> None:
    """Each key gets one end, and both workers are vacant again."""
    with started(weights, Work(workers=2)) as pool:
        ready(pool)
        for key, vacancy in enumerate(pool.vacancies()):
            source = write_grey(tmp_path / f"{key}.png")
            pool.submit(ColourFiles({key: job(tmp_path, source, weights)}), vacancy)
        assert pool.vacancies() == []
        events = until(pool, lambda _, events: len(events) == 2)
        assert sorted(event.key for event in events if isinstance(event, Done)) == [0, 1]
        assert len(pool.vacancies()) == 2


def test_a_crash_blames_one_file_and_interrupts_the_others(tmp_path: Path, weights: Path) -> None:
    """Breaks: SIGSEGV in a worker that has a film and two photographs. A new worker takes its place."""
    sources = [write_film(tmp_path / "film.mp4", ENDLESS), *(write_grey(tmp_path / f"{n}.png") for n in range(2))]
    with started(weights, Work()) as pool:
        ready(pool)
        [vacancy] = pool.vacancies()
        pool.submit(ColourFiles({n: job(tmp_path, source, weights) for n, source in enumerate(sources)}), vacancy)
        pool.events(timeout=TIMEOUT)
        os.kill(int(vacancy.worker.split()[0]), signal.SIGSEGV)
        events = until(pool, lambda status, _: status.workers[0].is_ready and status.workers[0].name != vacancy.worker)
        assert Crashed(0, "the worker crashed (SIGSEGV) on this file", "SIGSEGV") in events
        assert {event.key for event in events if isinstance(event, Interrupted)} == {1, 2}


def test_a_cancelled_key_gets_no_event(tmp_path: Path, weights: Path) -> None:
    """What its worker had beside it is interrupted, once."""
    sources = [write_film(tmp_path / f"{n}.mp4", ENDLESS) for n in range(2)]
    with started(weights, Work()) as pool:
        ready(pool)
        [vacancy] = pool.vacancies()
        pool.submit(ColourFiles({n: job(tmp_path, source, weights) for n, source in enumerate(sources)}), vacancy)
        pool.cancel([0])
        told = [event for event in pool.events(timeout=0) if not isinstance(event, WeightsLoaded)]
        assert told == [Interrupted(1)]
        ready(pool)
        assert len(pool.vacancies()) == 1


def test_a_cancelled_key_that_was_interrupted_gets_no_event_either(tmp_path: Path, weights: Path) -> None:
    """The event of the first call is dropped by the second."""
    sources = [write_film(tmp_path / f"{n}.mp4", ENDLESS) for n in range(2)]
    with started(weights, Work()) as pool:
        ready(pool)
        [vacancy] = pool.vacancies()
        pool.submit(ColourFiles({n: job(tmp_path, source, weights) for n, source in enumerate(sources)}), vacancy)
        pool.cancel([0])
        pool.cancel([1])
        assert [event for event in pool.events(timeout=0) if not isinstance(event, WeightsLoaded)] == []


@pytest.fixture
def slow_starts(forked_workers: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that load torch at their start: they are killed long before they are ready."""
    assert forked_workers is None
    monkeypatch.undo()


@pytest.mark.usefixtures("slow_starts")
def test_a_worker_that_is_killed_before_the_first_readiness_is_started_again(weights: Path) -> None:
    """Breaks: SIGKILL while it loads the weights, as when memory is short. The reason is told; the next one works."""
    with started(weights, Work()) as pool:
        os.kill(int(pool.status.workers[0].name.split()[0]), signal.SIGKILL)
        until(pool, lambda status, _: status.start_error)
        assert str(pool.status.start_error).startswith("the worker was killed (SIGKILL) while it loaded the weights")
        until(pool, lambda status, _: status.was_ready)
        assert pool.status.refusal is None


@pytest.mark.usefixtures("slow_starts")
def test_workers_that_always_die_at_their_start_are_refused(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: SIGSEGV in each of them. Some starts are tried, and then a person has to look at it."""
    monkeypatch.setattr("daemon.workers.pool.FAILING", 2)
    with started(weights, Work()) as pool:
        for _ in range(2):
            until(pool, lambda status, _: not status.workers[0].name.startswith("none"))
            os.kill(int(pool.status.workers[0].name.split()[0]), signal.SIGSEGV)
            until(pool, lambda status, _: status.workers[0].name.startswith("none"))
        assert pool.status.refusal == "the worker crashed (SIGSEGV) while it loaded the weights"


_WITHOUT_PROCESSES = """
import os, resource, sys, time
from pathlib import Path
from colorizer.settings import ColourSettings
from daemon.config.work import Work
from daemon.workers import WorkerPool
import multiprocessing.popen_spawn_posix, multiprocessing.resource_tracker  # while other users' files can be read
pool = WorkerPool([ColourSettings(weights=Path(sys.argv[1]), device="cpu")], Work())
is_root = os.geteuid() == 0
if is_root:
    os.setresuid(65534, 65534, 0)  # root may have any number of processes
hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
pool.start()
print("found:", pool.status.start_error, "|", pool.status.refusal)
resource.setrlimit(resource.RLIMIT_NPROC, (hard, hard))
if is_root:
    os.setresuid(0, 0, 0)
while pool.status.workers[0].name.startswith("none"):
    pool.events(timeout=0.5)
print("found: started")
pool.stop()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_worker_that_cannot_be_spawned_is_tried_again(weights: Path) -> None:
    """Breaks: the limit of processes is reached, then raised. The pool goes on, and starts the worker later."""
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT_PROCESSES, weights],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert ended.returncode == 0, ended.stderr
    first, second = [line for line in ended.stdout.splitlines() if line.startswith("found")]
    assert first.startswith("found: the system cannot start a process at present")
    assert first.endswith("| None"), "the start is not refused"
    assert second == "found: started"


def test_reconfiguring_replaces_no_worker_that_fits(weights: Path) -> None:
    """One more worker: the first one stays, though its share of the processors is smaller."""
    with started(weights, Work()) as pool:
        ready(pool)
        [before] = pool.vacancies()
        pool.configure([ColourSettings(weights=weights, device="cpu")], Work(workers=2))
        ready(pool)
        assert before in pool.vacancies()
        assert len(pool.vacancies()) == 2
