"""Tests of daemon/workers/worker.py and worker_main.py: a real process."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, STDOUT

import psutil
import pytest

from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from daemon.workers.events import Done, Failed, IsDuplicate, Progress
from daemon.workers.messages import Died, Message, Ready, Started, StartFailed, WorkerSpec
from daemon.workers.task import CheckDuplicate, ColouredFile, ColourFiles, PlanFilm
from daemon.workers.worker import Worker
from tests.assets.films import ENDLESS, write_film
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT
from tests.fork_server import has_ended


@contextmanager
def running(spec: WorkerSpec) -> Iterator[Worker]:
    """A worker that does not outlive its test."""
    worker = Worker(spec)
    try:
        yield worker
    finally:
        worker.stop()


@contextmanager
def ready(weights: Path) -> Iterator[Worker]:
    """A worker that waits for tasks."""
    with running(WorkerSpec((ColourSettings(weights=weights, device="cpu"),))) as worker:
        assert isinstance(answer(worker), Ready)
        yield worker


def answer(worker: Worker) -> Message:
    """The next message of a worker, apart from its progress."""
    return next_message(worker, lambda message: not isinstance(message, Started | Progress))


def next_message(worker: Worker, wanted: Callable[[Message], bool]) -> Message:
    """The next message that is wanted."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        message = worker.receive(1)
        if message is not None and wanted(message):
            return message
    pytest.fail("the worker sends nothing")


def job(tmp_path: Path, source: Path, weights: Path) -> Job:
    """A file to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(source, tmp_path / "result", tmp_path / "workspace", settings)


def test_a_short_film_is_coloured_by_who_was_to_plan_it(tmp_path: Path, weights: Path) -> None:
    """It has no parts, so that nobody else has to begin with it again; a film that is none says why."""
    with ready(weights) as worker:
        worker.send(PlanFilm(3, job(tmp_path, write_film(tmp_path / "film.mp4"), weights), is_surveyed=False))
        done = answer(worker)
        assert isinstance(done, Done)
        assert (done.key, done.report.frames) == (3, 20)
        (tmp_path / "bad.mp4").write_bytes(b"no film")
        worker.send(PlanFilm(4, job(tmp_path, tmp_path / "bad.mp4", weights), is_surveyed=False))
        assert isinstance(answer(worker), Failed)


def test_a_worker_does_task_after_task(tmp_path: Path, weights: Path) -> None:
    """A good file gives a result, a bad one a reason, and the worker stays."""
    colour = ColourSettings(weights=weights, device="cpu")
    with running(WorkerSpec((colour,))) as worker:
        started = answer(worker)
        assert isinstance(started, Ready)
        bad = tmp_path / "bad.jpg"
        bad.write_text("no picture")
        worker.send(ColourFiles({7: job(tmp_path, bad, weights)}))
        assert answer(worker) == Failed(7, "unsupported", "bad.jpg: neither a photograph nor a film that tintd knows")
        worker.send(ColourFiles({8: job(tmp_path, write_grey(tmp_path / "a.png"), weights)}))
        done = answer(worker)
        assert isinstance(done, Done)
        assert (done.key, done.weights) == (8, started.weights[colour])
        assert (tmp_path / "result").exists()
        worker.send(ColourFiles({9: job(tmp_path, tmp_path / "nothing.jpg", weights)}))
        gone = answer(worker)
        assert isinstance(gone, Failed)
        assert "nothing.jpg" in gone.reason


@pytest.mark.usefixtures("forked_workers")
@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (signal.SIGSEGV, "the worker crashed (SIGSEGV) on this file"),
        (signal.SIGKILL, "the worker was killed (SIGKILL) on this file: often the system ran out of memory"),
    ],
)
def test_the_death_of_a_worker_is_noticed(tmp_path: Path, weights: Path, number: signal.Signals, reason: str) -> None:
    """With the signal that ended it."""
    with ready(weights) as worker:
        worker.send(ColourFiles({1: job(tmp_path, write_film(tmp_path / "film.mp4", ENDLESS), weights)}))
        os.kill(worker.pid, number)
        died = answer(worker)
        assert isinstance(died, Died)
        assert (died.describe("on this file"), died.signal) == (reason, number.name)


@pytest.mark.usefixtures("forked_workers")
def test_photographs_are_coloured_together(tmp_path: Path, weights: Path) -> None:
    """Each has its own result or reason, under its own key."""
    sources = [write_grey(tmp_path / f"{number}.png", 96, 128) for number in range(3)]
    sources[1].write_bytes(sources[1].read_bytes()[:600])
    jobs = [replace(job(tmp_path, source, weights), target=tmp_path / f"{source.stem}-result") for source in sources]
    with ready(weights) as worker:
        worker.send(ColourFiles(dict(zip((4, 5, 6), jobs, strict=True))))
        answers = [answer(worker) for _ in jobs]
    ends = {(type(end).__name__, end.key) for end in answers if isinstance(end, Done | Failed)}
    assert ends == {("Done", 4), ("Failed", 5), ("Done", 6)}
    assert (tmp_path / "2-result").exists()


@pytest.mark.usefixtures("forked_workers")
def test_a_duplicate_gets_the_result_of_its_original(tmp_path: Path, weights: Path) -> None:
    """A file that differs from the original is coloured by the same task."""
    one, other = write_grey(tmp_path / "one.png"), write_grey(tmp_path / "other.png", 20, 30)
    same = tmp_path / "same.png"
    same.write_bytes(one.read_bytes())
    (tmp_path / "earlier").write_text("the result of one.png")
    coloured = ColouredFile(one, tmp_path / "earlier")
    with ready(weights) as worker:
        worker.send(CheckDuplicate(1, job(tmp_path, same, weights), coloured))
        assert answer(worker) == IsDuplicate(1)
        assert (tmp_path / "result").samefile(tmp_path / "earlier")
        worker.send(CheckDuplicate(2, job(tmp_path, other, weights), coloured))
        assert isinstance(answer(worker), Done)


def test_a_worker_ends_with_its_parent_even_at_work(tmp_path: Path, weights: Path) -> None:
    """A service that is killed leaves no process that writes to its work folders."""
    source = write_film(tmp_path / "film.mp4", ENDLESS)
    process = multiprocessing.get_context("spawn").Process(target=_work_and_die, args=(tmp_path, source, weights))
    process.start()
    process.join()
    worker = int((tmp_path / "worker").read_text())
    assert ends(worker)


def ends(pid: int) -> bool:
    """Whether a process ends."""
    end = time.monotonic() + TIMEOUT
    while not has_ended(pid) and time.monotonic() < end:
        time.sleep(0.1)
    return has_ended(pid)


def _work_and_die(tmp_path: Path, source: Path, weights: Path) -> None:
    with ready(weights) as worker:
        worker.send(ColourFiles({1: job(tmp_path, source, weights)}))
        next_message(worker, lambda message: isinstance(message, Progress))
        (tmp_path / "worker").write_text(str(worker.pid))
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_has_the_configured_priority(weights: Path) -> None:
    """Its niceness and I/O class are set; those of the service stay."""
    with running(WorkerSpec((ColourSettings(weights=weights, device="cpu"),), nice=7, io="idle")) as worker:
        process = psutil.Process(worker.pid)
        end = time.monotonic() + TIMEOUT
        while process.ionice().ioclass != psutil.IOPRIO_CLASS_IDLE and time.monotonic() < end:
            time.sleep(0.01)
        assert process.nice() == min(19, os.nice(0) + 7)
        assert process.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE


@pytest.mark.usefixtures("forked_workers")
def test_missing_weights_fail_the_start(tmp_path: Path) -> None:
    """The worker says so before it takes a task."""
    with running(WorkerSpec((ColourSettings(weights=tmp_path / "nothing.safetensors"),))) as worker:
        failed = answer(worker)
        assert isinstance(failed, StartFailed)
        assert "nothing.safetensors" in failed.reason


def test_an_interrupted_command_ends_with_its_worker(tmp_path: Path, weights: Path) -> None:
    """Breaks: Ctrl-C as soon as there is a worker, which loads its weights. No traceback, and nobody waits for ever."""
    source = write_grey(tmp_path / "a.png")
    arguments = ["colorize", str(source), "-o", str(tmp_path / "out"), "--weights", str(weights), "--device", "cpu"]
    command = [sys.executable, "-m", "daemon", *arguments]
    with subprocess.Popen(command, stdout=PIPE, stderr=STDOUT, text=True, start_new_session=True) as process:
        parent, workers = psutil.Process(process.pid), []
        while process.poll() is None and not workers:
            workers = parent.children()
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=TIMEOUT)
    assert "Traceback" not in said
    assert all(ends(worker.pid) for worker in workers)
