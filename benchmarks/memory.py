"""Peak memory of the worker process for a film of 10 s and one of 60 s: it must not grow with the length."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure
from benchmarks.footage import write_grainy_film
from colorizer.job import Job
from colorizer.settings import FilmSettings, JobSettings
from daemon.workers.events import Done
from daemon.workers.messages import Ready, WorkerSpec
from daemon.workers.task import ColourFiles
from daemon.workers.worker import Worker

_SETTINGS = JobSettings(film=FilmSettings(speed="veryfast"))


def main() -> list[Figure]:
    """Print both peaks and their ratio."""
    table = Table("film", "peak, MiB")
    table.title = "Peak memory of the worker, 1280 x 720"
    peaks = []
    with tempfile.TemporaryDirectory() as name:
        for seconds in (10, 60):
            source = write_grainy_film(Path(name) / f"{seconds}.mp4", width=1280, height=720, seconds=seconds)
            job = Job(source, Path(name) / "result", Path(name) / f"workspace-{seconds}", _SETTINGS)
            peaks.append(run_alone(job)[1])
            table.add_row(f"{seconds} s", f"{peaks[-1]:.0f}")
    table.caption = f"ratio {peaks[1] / peaks[0]:.3f}; target 0.95 to 1.05"
    Console().print(table)
    return [Figure("memory for a film of 60 s / of 10 s", peaks[1] / peaks[0], "times", 1.05)]


def run_alone(job: Job) -> tuple[float, float]:
    """Seconds that one job took in a worker that was started for it, and MiB that the worker needed at most."""
    worker = Worker(WorkerSpec((job.settings.colour,)))
    try:
        while not isinstance(worker.receive(1), Ready):
            pass
        started = time.perf_counter()
        worker.send(ColourFiles({0: job}))
        while not isinstance(worker.receive(1), Done):
            pass
        seconds = time.perf_counter() - started
        status = Path(f"/proc/{worker.pid}/status").read_text()
    finally:
        worker.stop()
    return seconds, next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
