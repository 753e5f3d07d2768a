"""Processor time for a photograph: alone, and beside one busy loop for each processor. It must hardly grow."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from colorizer.job import Job
from colorizer.processors import available_processors
from colorizer.settings import JobSettings
from daemon.config.work import Work
from daemon.workers import ColourFiles, Done, WorkerPool

_PHOTOGRAPHS = 24
_SETTINGS = JobSettings()


def main() -> list[Figure]:
    """Print a table: with threads that sleep while they wait, as workers have them, and with threads that spin."""
    table = Table("threads wait", "alone, ms/photograph", "beside busy loops", "growth", "seconds alone", "beside")
    table.title = f"Processor time of a worker, {available_processors()} processors"
    growth: dict[str, float] = {}
    for policy in ("PASSIVE", "ACTIVE"):
        os.environ["OMP_WAIT_POLICY"] = policy
        (alone, seconds_alone), (beside, seconds_beside) = _measure()
        growth[policy] = beside / alone
        seconds = f"{seconds_alone:.1f}", f"{seconds_beside:.1f}"
        table.add_row(policy, f"{alone:.0f}", f"{beside:.0f}", f"{growth[policy]:.2f}", *seconds)
    table.caption = "target: growth of at most 1.3 with PASSIVE"
    Console().print(table)
    return [Figure("processor time beside busy loops / alone", growth["PASSIVE"], "times", 1.3)]


def _measure() -> tuple[tuple[float, float], tuple[float, float]]:
    """Processor time, in ms a photograph, and seconds for all: alone, and beside busy loops."""
    pool = WorkerPool((_SETTINGS.colour,), Work())
    pool.start()
    try:
        with tempfile.TemporaryDirectory() as name:
            jobs = dict(enumerate(_jobs(Path(name))))
            _colour(pool, jobs)  # the first run allocates memory
            alone = _colour(pool, jobs)
            with _busy_loops():
                beside = _colour(pool, jobs)
    finally:
        pool.stop()
    return alone, beside


def _colour(pool: WorkerPool, jobs: dict[int, Job]) -> tuple[float, float]:
    """Colour all photographs in one worker; returns its processor time in ms a photograph, and the seconds."""
    while not pool.vacancies():
        pool.events(timeout=1)
    [vacancy] = pool.vacancies()
    worker = psutil.Process(int(vacancy.worker.split()[0]))
    before, started = sum(worker.cpu_times()[:2]), time.perf_counter()
    pool.submit(ColourFiles(jobs), vacancy)
    ended: set[int] = set()
    while len(ended) < len(jobs):
        ended |= {event.key for event in pool.events(timeout=1) if isinstance(event, Done)}
    used = sum(worker.cpu_times()[:2]) - before
    return 1000 * used / len(jobs), time.perf_counter() - started


def _jobs(folder: Path) -> Iterator[Job]:
    rng = np.random.default_rng(0)
    for number in range(_PHOTOGRAPHS):
        workspace = folder / str(number)
        workspace.mkdir()
        source = folder / f"{number}.jpg"
        rough = Image.fromarray(rng.integers(0, 256, (30, 40), np.uint8))
        rough.resize((800, 600), Image.Resampling.BICUBIC).save(source)
        yield Job(source, workspace / "result", workspace, _SETTINGS)


@contextmanager
def _busy_loops() -> Iterator[None]:
    """One endless loop for each processor."""
    context = multiprocessing.get_context("spawn")
    loops = [context.Process(target=_loop, daemon=True) for _ in range(available_processors())]
    for loop in loops:
        loop.start()
    time.sleep(1)
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.join()


def _loop() -> None:
    while True:
        pass


if __name__ == "__main__":
    main()
