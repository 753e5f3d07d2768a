"""Service times of one slot: for photographs, and for the plan, the colouring and the joining of a film.

`python -m benchmarks.cluster_costs NAME...` measures processor time on one core, which is the time of a slot that has
the core for itself, whoever else uses the machine meanwhile. It adds the times to `benchmarks/results/cluster.json`,
from which `benchmarks.cluster_growth` reads them. The small files are those of `benchmarks.cluster`, the others what
a shelf may hold.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

from benchmarks.cluster_files import (
    SHELF_FILM,
    SHELF_PHOTOGRAPHS,
    SMALL_FILM,
    SMALL_PHOTOGRAPHS,
    Film,
    Photographs,
    remember,
    write_film,
    write_photographs,
)
from benchmarks.figures import this_machine
from colorizer.durable import sync_file
from colorizer.engine import colorize, colorize_together, colour_film_part, open_colorist
from colorizer.film.outline import begin_outline, survey_outline
from colorizer.film.plan import plan_film, probe_wanted
from colorizer.job import Job, Part
from colorizer.settings import FilmSettings, JobSettings

_BATCH = 16
"""Photographs of a task: the default of `work.photo_batch`."""
_SETTINGS = JobSettings(film=FilmSettings(speed="ultrafast"))
_SMALL_FILM = replace(SMALL_FILM, seconds=120)
"""A tenth of the film, which has the same time for each frame."""


@dataclass(frozen=True, slots=True)
class PhotographCosts:
    """Of the tasks of a slot, each with a batch of photographs."""

    batch: int
    seconds: list[float]
    """Seconds of each task, for a photograph."""
    read: float
    """Bytes of an original."""
    written: float


@dataclass(frozen=True, slots=True)
class FilmCosts:
    """Of the tasks of a slot for one film."""

    plan: float
    """Seconds of the plan and the pass that finds the segments, for a frame."""
    seconds: list[float]
    """Seconds of colouring a frame, in each shot."""
    join: float
    """Seconds of joining, for a frame, with the comparison that follows."""
    read: float
    """Bytes of the original, for a frame."""
    written: float


def main(*names: str) -> None:
    """Measure all, or what is named."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    open_colorist(_SETTINGS.colour)
    for name, measure in _MEASUREMENTS.items():
        if not names or name in names:
            found = measure()
            remember({name: found, "machine": asdict(this_machine())})
            print(name, {key: value for key, value in found.items() if key != "seconds"})


def measure_photographs(photographs: Photographs) -> dict[str, Any]:
    """Colour batches of photographs; the first one warms up and does not count."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = [_job(path, folder) for path in write_photographs(folder, photographs)]
        seconds = []
        for number in range(0, len(jobs), _BATCH):
            batch = jobs[number : number + _BATCH]
            begun = time.process_time()
            for _ in colorize_together(batch, lambda _number: None, _ignore):
                pass
            for job in batch:
                sync_file(job.target)
            if number:
                seconds.append((time.process_time() - begun) / len(batch))
        sizes = [(job.source.stat().st_size, job.target.stat().st_size) for job in jobs]
        read, written = (sum(column) / len(jobs) for column in zip(*sizes, strict=True))
        return asdict(PhotographCosts(_BATCH, seconds, read, written))


def measure_film(film: Film) -> dict[str, Any]:
    """Plan a film, colour each of its shots, and join them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = _job(write_film(folder / "film.mp4", film), folder)
        colorist, begun = open_colorist(_SETTINGS.colour), time.process_time()
        outline = begin_outline(job, plan_film(job, probe_wanted(job, _ignore), colorist, _ignore), colorist)
        outline = survey_outline(job, outline, colorist, _ignore)
        planned = time.process_time() - begun
        cuts = [number for number, edge in enumerate(outline.edges) if edge.is_cut or not number]
        begins = [*(outline.edges[cut].frames for cut in cuts), outline.frames]
        seconds = []
        for number, (first, end) in enumerate(pairwise([*cuts, len(outline.edges)])):
            frames, begun = begins[number + 1] - begins[number], time.process_time()
            colour_film_part(job, Part(first, end, frames), _ignore)
            seconds.append((time.process_time() - begun) / frames)
        begun = time.process_time()
        colorize(job, _ignore)
        sync_file(job.target)
        joined = time.process_time() - begun
        read, written = job.source.stat().st_size, job.target.stat().st_size
        costs = FilmCosts(planned, seconds, joined, read, written)
        return {name: one if name == "seconds" else one / film.frames for name, one in asdict(costs).items()}


def _job(source: Path, folder: Path) -> Job:
    return Job(source, folder / f"{source.stem}.result", folder / source.stem, _SETTINGS)


def _ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


_MEASUREMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    "costs of small photographs": partial(measure_photographs, replace(SMALL_PHOTOGRAPHS, count=128)),
    "costs of a small film": partial(measure_film, _SMALL_FILM),
    "costs of photographs": partial(measure_photographs, SHELF_PHOTOGRAPHS),
    "costs of a film": partial(measure_film, SHELF_FILM),
}
"""What is measured, by its name."""


if __name__ == "__main__":
    main(*sys.argv[1:])
