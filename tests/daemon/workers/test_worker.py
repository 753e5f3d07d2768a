"""Tests of daemon/workers/worker.py: a real process."""

import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from daemon.workers.messages import Begun, Died, Done, Failed, Message, Outfit, Progress, Ready, Unfit
from daemon.workers.worker import Worker
from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey


def answer(worker: Worker) -> Message:
    """What the worker says next, beside how far it is."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        message = worker.listen(1)
        if message is not None and not isinstance(message, Begun | Progress):
            return message
    pytest.fail("the worker says nothing")


def job(tmp_path: Path, source: Path, weights: Path) -> Job:
    """A file to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(source, tmp_path / "result", tmp_path / "workspace", settings)


def test_a_worker_does_job_after_job(tmp_path: Path, weights: Path) -> None:
    """A good file gives a result, a bad one a reason, and the worker stays."""
    colour = ColourSettings(weights=weights, device="cpu")
    worker = Worker(Outfit((colour,)))
    try:
        ready = answer(worker)
        assert isinstance(ready, Ready)
        assert list(ready.weights) == [colour]
        bad = tmp_path / "bad.jpg"
        bad.write_text("no picture")
        worker.give([job(tmp_path, bad, weights)])
        assert answer(worker) == Failed(0, "unsupported", "bad.jpg: neither a photograph nor a film that tintd knows")
        worker.give([job(tmp_path, write_grey(tmp_path / "a.png"), weights)])
        assert isinstance(answer(worker), Done)
        assert (tmp_path / "result").exists()
        worker.give([job(tmp_path, tmp_path / "nothing.jpg", weights)])
        gone = answer(worker)
        assert isinstance(gone, Failed)
        assert "nothing.jpg" in gone.reason
    finally:
        worker.stop()


@pytest.mark.parametrize(("how", "word"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "memory")])
def test_a_worker_that_dies_is_noticed(tmp_path: Path, weights: Path, how: signal.Signals, word: str) -> None:
    """With the signal that ended it."""
    worker = Worker(Outfit((ColourSettings(weights=weights, device="cpu"),)))
    try:
        assert isinstance(answer(worker), Ready)
        worker.give([job(tmp_path, write_film(tmp_path / "film.mp4", Film(frames=500)), weights)])
        assert worker.pid is not None
        os.kill(worker.pid, how)
        died = answer(worker)
        assert isinstance(died, Died)
        assert word in died.reason
        assert died.signal == how.name
    finally:
        worker.stop()


def test_photographs_are_done_together(tmp_path: Path, weights: Path) -> None:
    """Each has its own result or reason, and the worker says at which it is."""
    sources = [write_grey(tmp_path / f"{number}.png", 96, 128) for number in range(3)]
    sources[1].write_bytes(sources[1].read_bytes()[:600])
    jobs = [replace(job(tmp_path, source, weights), target=tmp_path / f"{source.stem}-result") for source in sources]
    worker = Worker(Outfit((ColourSettings(weights=weights, device="cpu"),)))
    try:
        assert isinstance(answer(worker), Ready)
        worker.give(jobs)
        answers = [answer(worker) for _ in jobs]
        assert {(type(said).__name__, said.number) for said in answers if isinstance(said, Done | Failed)} == {
            ("Failed", 1),
            ("Done", 0),
            ("Done", 2),
        }
        assert (tmp_path / "2-result").exists()
    finally:
        worker.stop()


def test_a_worker_goes_with_its_parent_even_at_work(tmp_path: Path, weights: Path) -> None:
    """A service that is killed leaves nobody who writes to its work folders."""
    source = write_film(tmp_path / "film.mp4", Film(frames=900, width=320, height=240))
    process = multiprocessing.get_context("spawn").Process(target=_work_and_die, args=(tmp_path, source, weights))
    process.start()
    process.join()
    worker = int((tmp_path / "worker").read_text())
    end = time.monotonic() + 10
    while psutil.pid_exists(worker) and time.monotonic() < end:
        time.sleep(0.1)
    assert not psutil.pid_exists(worker)


def _work_and_die(tmp_path: Path, source: Path, weights: Path) -> None:
    worker = Worker(Outfit((ColourSettings(weights=weights, device="cpu"),)))
    assert isinstance(answer(worker), Ready)
    worker.give([job(tmp_path, source, weights)])
    while not isinstance(worker.listen(1), Progress):
        pass
    (tmp_path / "worker").write_text(str(worker.pid))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_gives_way_as_it_is_told(tmp_path: Path) -> None:
    """Nice, I/O class, and its share when memory runs out; the service keeps its own."""
    worker = Worker(Outfit((ColourSettings(weights=tmp_path / "nothing"),), nice=7, io="idle"))
    try:
        process = psutil.Process(worker.pid)
        end = time.monotonic() + 60
        while process.ionice().ioclass != psutil.IOPRIO_CLASS_IDLE and time.monotonic() < end:
            time.sleep(0.01)
        assert process.nice() == os.nice(0) + 7
        assert process.ionice().ioclass == psutil.IOPRIO_CLASS_IDLE
    finally:
        worker.stop()


def test_weights_that_are_not_there_make_it_unfit(tmp_path: Path) -> None:
    """It says so before it takes a job."""
    worker = Worker(Outfit((ColourSettings(weights=tmp_path / "nothing.safetensors"),)))
    try:
        unfit = answer(worker)
        assert isinstance(unfit, Unfit)
        assert "nothing.safetensors" in unfit.reason
    finally:
        worker.stop()
