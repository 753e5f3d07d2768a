"""What a cluster costs and gains: one film and many photographs on one and two slots, the driver's share, the queue.

Each slot is one node of a Ray cluster on this machine, and computes with one thread. A name as argument, such as
"photographs 2", chooses one of the measurements.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import skimage.data
import yaml
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.cluster_queue import memory_of_queue
from tests.assets.clusters import cluster_of

_PHOTOGRAPHS = int(os.environ.get("PHOTOGRAPHS", "2000"))
_FILM_SECONDS, _FILM_RATE = int(os.environ.get("FILM_SECONDS", "1200")), 1
"""A film of 20 minutes; one frame a second, so that the measurement takes minutes."""
_FILM_FRAMES = _FILM_SECONDS * _FILM_RATE
_SHOT_FRAMES = 15
_SIZE = (320, 240)


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the service."""

    slots: int
    seconds: float
    """From the first job that is started until the last one is done."""
    service: float
    """Processor seconds of the service and the driver."""
    jobs: int
    frames: int
    """Number of frames of the film, or of photographs."""


def main(*names: str) -> None:
    """Measure all, or what is named, and print the tables."""
    _print({name: measure() for name, measure in _MEASUREMENTS.items() if not names or name in names})


def share_of_core(photographs: dict[str, Any]) -> float:
    """What the service and the driver take of one core at 100 finished photographs a minute."""
    return float(photographs["service"] / photographs["jobs"] * 100 / 60)


def _print(found: dict[str, Any]) -> None:
    table = Table("what", "slots", "seconds", "speed-up", "service and driver, ms per job")
    for name in [name for name in found if not name.startswith("queue")]:
        run, one = found[name], found.get(name.rpartition(" ")[0] + " 1", found[name])
        speedup, cost = one["seconds"] / run["seconds"], 1000 * run["service"] / run["jobs"]
        table.add_row(
            name.rpartition(" ")[0], str(run["slots"]), f"{run['seconds']:.1f}", f"{speedup:.2f}", f"{cost:.1f}"
        )
    Console().print(table)
    for name in [name for name in found if name.startswith("photographs")]:
        share = share_of_core(found[name])
        print(f"{name}: service and driver at 100 finished photographs a minute: {share:.2%} of a core (target: 2 %)")
    for name in [name for name in found if name.startswith("queue")]:
        print(f"{name} jobs: {found[name]:.0f} MiB")


def _measure(slots: int, write: Callable[[Path], None], jobs: int, frames: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, cluster_of(slots) as nodes:
        root = Path(name)
        (root / "inbox").mkdir()
        (root / "ready").mkdir()
        write(root / "ready")
        settings = {
            "folders": [{"input": "inbox", "output": "outbox"}],
            "film": {"speed": "ultrafast"},
            "watching": {"settle_seconds": 0.5},
            "work": {"executor": "ray", "spare_mib": 1},
            "ray": {"address": nodes.address, "slots": slots},
            "log": {"format": "json"},
        }
        (root / "config.yaml").write_text(yaml.safe_dump(settings))
        with _service(root) as process:
            _wait(lambda: (root / "log").read_text().count('"slot ready"') >= slots)
            for path in (root / "ready").iterdir():
                path.rename(root / "inbox" / path.name)
            _wait(lambda: _attempts(root)[0] >= jobs)
            before = _processor_seconds(process)
            _wait(lambda: _attempts(root)[1] >= jobs)
            begun, ended = _span(root)
            return asdict(Measured(slots, ended - begun, _processor_seconds(process) - before, jobs, frames))


@contextmanager
def _service(root: Path) -> Iterator[psutil.Process]:
    with (root / "log").open("w") as log:
        command = [sys.executable, "-m", "daemon", "run", "-c", str(root / "config.yaml")]
        with subprocess.Popen(command, stderr=log) as service:
            try:
                yield psutil.Process(service.pid)
            finally:
                service.terminate()


def _wait(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.2)


def _attempts(root: Path) -> tuple[int, int]:
    """Numbers of jobs that the journal knows, and that are done."""
    with sqlite3.connect(f"file:{root}/state/journal.sqlite3?mode=ro", uri=True, timeout=20) as database:
        states = dict(database.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
    if states.get("failed"):
        sys.exit(f"a job failed: {(root / 'log').read_text()[-2000:]}")
    return sum(states.values()), states.get("done", 0)


def _span(root: Path) -> tuple[float, float]:
    with sqlite3.connect(f"file:{root}/state/journal.sqlite3?mode=ro", uri=True, timeout=20) as database:
        begun, ended = database.execute("SELECT min(begun), max(ended) FROM attempts").fetchone()
    return float(begun), float(ended)


def _processor_seconds(service: psutil.Process) -> float:
    """Of the service and its driver; slots are no children of theirs."""
    times = [process.cpu_times() for process in (service, *service.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def _write_photographs(folder: Path) -> None:
    picture = skimage.data.camera()
    for number in range(_PHOTOGRAPHS):
        part = np.roll(picture, (number * 7, number * 13), (0, 1))[: _SIZE[1], : _SIZE[0]]
        Image.fromarray(part).save(folder / f"{number}.jpg")


def _write_film(folder: Path) -> None:
    """A film whose shots pan over a photograph, every other one of them as a negative."""
    picture = skimage.data.camera()
    with av.open(str(folder / "film.mkv"), "w") as container:
        stream = container.add_stream("libx264", rate=_FILM_RATE, options={"preset": "ultrafast", "g": "15"})
        stream.width, stream.height, stream.pix_fmt = *_SIZE, "yuv420p"
        for number in range(_FILM_FRAMES):
            part = np.roll(picture, (number * 2, number * 3), (0, 1))[: _SIZE[1], : _SIZE[0]]
            part = 255 - part if (number // _SHOT_FRAMES) % 2 else part
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(part), "gray").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


_MEASUREMENTS: dict[str, Callable[[], Any]] = {
    **{
        f"photographs {slots}": partial(_measure, slots, _write_photographs, _PHOTOGRAPHS, _PHOTOGRAPHS)
        for slots in (1, 2)
    },
    **{f"film {slots}": partial(_measure, slots, _write_film, 1, _FILM_FRAMES) for slots in (1, 2)},
    **{f"queue of {jobs}": partial(memory_of_queue, jobs) for jobs in (1_000, 100_000)},
}
"""What is measured, by its name and the number of slots."""


if __name__ == "__main__":
    main(*sys.argv[1:])
