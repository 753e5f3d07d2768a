"""What a cluster costs and gains: one film and many photographs on one and two slots, the service's share, the queue.

Each slot is one node of a Ray cluster on this machine. It is bound to one core and computes with one thread, so that
two cores are two machines. A name as argument, such as "photographs 2", chooses one of the measurements; the figures
are added to `benchmarks/results/cluster.json`. PHOTOGRAPHS and FILM_SECONDS make the measurements shorter.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.cluster_files import (
    RESULT,
    SMALL_FILM,
    SMALL_PHOTOGRAPHS,
    remember,
    write_film,
    write_photographs,
)
from benchmarks.cluster_queue import measure_queue
from benchmarks.figures import this_machine
from tests.assets.clusters import Nodes, cluster_of

_PHOTOGRAPHS = replace(SMALL_PHOTOGRAPHS, count=int(os.environ.get("PHOTOGRAPHS", SMALL_PHOTOGRAPHS.count)))
_FILM = replace(SMALL_FILM, seconds=int(os.environ.get("FILM_SECONDS", SMALL_FILM.seconds)))


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the service."""

    slots: int
    seconds: float
    """From the first job that is started until the last one is done."""
    service: float
    """Processor seconds of the service."""
    driver: float
    """Processor seconds of the driver, and of Ray in it."""
    nodes: float
    """Processor seconds of the nodes, with Ray's own processes."""
    others: float
    """Share of the machine that other processes have used, 0..1."""
    jobs: int
    frames: int
    """Number of frames of the film, or of photographs."""


def main(*names: str) -> None:
    """Measure all, or what is named, and print the tables."""
    found = {name: measure() for name, measure in _MEASUREMENTS.items() if not names or name in names}
    remember({**found, "machine": asdict(this_machine())})
    _print(found)
    print(f"added to {RESULT}")


def share_of_core(photographs: dict[str, Any]) -> float:
    """What the service and the driver take of one core at 100 finished photographs a minute."""
    return float((photographs["service"] + photographs["driver"]) / photographs["jobs"] * 100 / 60)


def _print(found: dict[str, Any]) -> None:
    columns = (
        "what",
        "seconds",
        "processor seconds of the nodes",
        "others",
        "service, ms per job",
        "driver, ms per job",
    )
    table = Table(*columns)
    for name, run in found.items():
        if not name.startswith("queue"):
            each = [f"{1000 * run[who] / run['jobs']:.1f}" for who in ("service", "driver")]
            table.add_row(name, f"{run['seconds']:.1f}", f"{run['nodes']:.1f}", f"{run['others']:.0%}", *each)
    Console().print(table)
    for name in [name for name in found if name.startswith("photographs")]:
        share = share_of_core(found[name])
        print(f"{name}: service and driver at 100 finished photographs a minute: {share:.2%} of a core (target: 2 %)")
    for name in [name for name in found if name.startswith("queue")]:
        print(f"{name} jobs: {found[name]}")


def _measure(slots: int, write: Callable[[Path], None], jobs: int, frames: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name, _pinned_cluster(slots) as nodes:
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
        with _service(root) as service:
            _wait(lambda: (root / "log").read_text().count('"slot ready"') >= slots)
            _pause(root, "pause")
            for path in (root / "ready").iterdir():
                path.rename(root / "inbox" / path.name)
            _wait(lambda: _states(root)[0] >= jobs)
            before, begun = _Usage.now(service, nodes), time.monotonic()
            _pause(root, "resume")
            _wait(lambda: _states(root)[1] >= jobs)
            used, wall = _Usage.now(service, nodes).since(before), time.monotonic() - begun
            own = used.service + used.driver + used.nodes + used.own
            others = max(0.0, used.machine - own) / wall / (psutil.cpu_count() or 1)
            return asdict(Measured(slots, _span(root), used.service, used.driver, used.nodes, others, jobs, frames))


@contextmanager
def _pinned_cluster(slots: int) -> Iterator[Nodes]:
    """A head, and nodes each of which has a core of its own; they inherit the binding of who starts them."""
    cores = sorted(os.sched_getaffinity(0))
    with cluster_of(0) as nodes:
        try:
            for number in range(slots):
                os.sched_setaffinity(0, {cores[-1 - number % len(cores)]})
                nodes.add()
        finally:
            os.sched_setaffinity(0, cores)
        yield nodes


@contextmanager
def _service(root: Path) -> Iterator[psutil.Process]:
    with (root / "log").open("w") as log:
        command = [sys.executable, "-m", "daemon", "run", "-c", str(root / "config.yaml")]
        with subprocess.Popen(command, stderr=log) as service:
            try:
                yield psutil.Process(service.pid)
            finally:
                service.terminate()


def _pause(root: Path, command: str) -> None:
    """Pause the service, or let it go on."""
    words = [sys.executable, "-m", "daemon", command, "-c", str(root / "config.yaml")]
    subprocess.run(words, check=True, capture_output=True)


@dataclass(frozen=True, slots=True)
class _Usage:
    """Processor seconds so far."""

    service: float
    driver: float
    nodes: float
    own: float
    """Of this process."""
    machine: float
    """Of all processes of the machine, with what its host took."""

    @classmethod
    def now(cls, service: psutil.Process, nodes: Nodes) -> _Usage:
        driver = service.children(recursive=True)
        raylets = [psutil.Process(info.process.pid) for node in nodes.nodes for info in node.all_processes["raylet"]]
        of_nodes = [process for raylet in raylets for process in (raylet, *raylet.children(recursive=True))]
        times = psutil.cpu_times()
        machine = times.user + times.nice + times.system + getattr(times, "steal", 0)
        return cls(_seconds([service]), _seconds(driver), _seconds(of_nodes), _seconds([psutil.Process()]), machine)

    def since(self, before: _Usage) -> _Usage:
        return _Usage(
            self.service - before.service,
            self.driver - before.driver,
            self.nodes - before.nodes,
            self.own - before.own,
            self.machine - before.machine,
        )


def _seconds(processes: Iterable[psutil.Process]) -> float:
    times = [process.cpu_times() for process in processes]
    return float(sum(one.user + one.system for one in times))


def _wait(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.2)


def _states(root: Path) -> tuple[int, int]:
    """Numbers of jobs that the journal knows, and that are done."""
    with closing(sqlite3.connect(f"file:{root}/state/journal.sqlite3?mode=ro", uri=True, timeout=20)) as database:
        states = dict(database.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
    if states.get("failed"):
        sys.exit(f"a job failed: {(root / 'log').read_text()[-2000:]}")
    return sum(states.values()), states.get("done", 0)


def _span(root: Path) -> float:
    """Seconds from the first start to the last end of a job."""
    with closing(sqlite3.connect(f"file:{root}/state/journal.sqlite3?mode=ro", uri=True, timeout=20)) as database:
        begun, ended = database.execute("SELECT min(begun), max(ended) FROM attempts").fetchone()
    return float(ended) - float(begun)


def _write_photographs(folder: Path) -> None:
    write_photographs(folder, _PHOTOGRAPHS)


def _write_film(folder: Path) -> None:
    write_film(folder / "film.mkv", _FILM)


_MEASUREMENTS: dict[str, Callable[[], Any]] = {
    **{
        f"photographs {slots}": partial(_measure, slots, _write_photographs, _PHOTOGRAPHS.count, _PHOTOGRAPHS.count)
        for slots in (1, 2)
    },
    **{f"film {slots}": partial(_measure, slots, _write_film, 1, _FILM.frames) for slots in (1, 2)},
    **{f"queue of {jobs}": partial(measure_queue, jobs) for jobs in (1_000, 100_000)},
}
"""What is measured, by its name and the number of slots."""


if __name__ == "__main__":
    main(*sys.argv[1:])
