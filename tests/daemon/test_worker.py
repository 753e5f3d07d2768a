"""Tests of daemon/worker.py: a real process."""

import os
import signal
import time
from pathlib import Path

import pytest

from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from daemon.worker import Died, Done, Failed, Message, Progress, Ready, Unfit, Worker
from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey


def answer(worker: Worker) -> Message:
    """What the worker says next, beside its progress."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        message = worker.listen(1)
        if message is not None and not isinstance(message, Progress):
            return message
    pytest.fail("the worker says nothing")


def job(tmp_path: Path, source: Path, weights: Path) -> Job:
    """A file to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(source, tmp_path / "result", tmp_path / "workspace", settings)


def test_a_worker_does_job_after_job(tmp_path: Path, weights: Path) -> None:
    """A good file gives a result, a bad one a reason, and the worker stays."""
    colour = ColourSettings(weights=weights, device="cpu")
    worker = Worker((colour,))
    try:
        ready = answer(worker)
        assert isinstance(ready, Ready)
        assert list(ready.weights) == [colour]
        bad = tmp_path / "bad.jpg"
        bad.write_text("no picture")
        worker.give(job(tmp_path, bad, weights))
        assert answer(worker) == Failed("unsupported", "bad.jpg: neither a photograph nor a film that tintd knows")
        worker.give(job(tmp_path, write_grey(tmp_path / "a.png"), weights))
        assert isinstance(answer(worker), Done)
        assert (tmp_path / "result").exists()
        worker.give(job(tmp_path, tmp_path / "nothing.jpg", weights))
        gone = answer(worker)
        assert isinstance(gone, Failed)
        assert "nothing.jpg" in gone.reason
    finally:
        worker.stop()


@pytest.mark.parametrize(("how", "word"), [(signal.SIGSEGV, "SIGSEGV"), (signal.SIGKILL, "memory")])
def test_a_worker_that_dies_is_noticed(tmp_path: Path, weights: Path, how: signal.Signals, word: str) -> None:
    """With the signal that ended it."""
    worker = Worker((ColourSettings(weights=weights, device="cpu"),))
    try:
        assert isinstance(answer(worker), Ready)
        worker.give(job(tmp_path, write_film(tmp_path / "film.mp4", Film(frames=500)), weights))
        assert worker.pid is not None
        os.kill(worker.pid, how)
        died = answer(worker)
        assert isinstance(died, Died)
        assert word in died.reason
    finally:
        worker.stop()


def test_weights_that_are_not_there_make_it_unfit(tmp_path: Path) -> None:
    """It says so before it takes a job."""
    worker = Worker((ColourSettings(weights=tmp_path / "nothing.safetensors"),))
    try:
        unfit = answer(worker)
        assert isinstance(unfit, Unfit)
        assert "nothing.safetensors" in unfit.reason
    finally:
        worker.stop()
