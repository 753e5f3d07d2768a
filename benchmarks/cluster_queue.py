"""The part of the service that gives out jobs: its memory and its times, by the number of jobs in its journal."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from colorizer.report import Report
from daemon.config.settings import Config, Folder
from daemon.files.identity import Identity, identify
from daemon.jobs.dispatcher import Dispatcher
from daemon.journal.journal import Journal
from daemon.journal.records import IncomingFile
from daemon.workers import ColourFiles, Done
from tests.assets.executor import FakeExecutor

_DISPATCHED = 200
"""Number of jobs that are given out and end before the memory is measured; only their files exist."""


def measure_queue(jobs: int) -> dict[str, Any]:
    """Resident MiB of a process that gives out some of so many queued jobs, and its seconds for each of them."""
    with tempfile.TemporaryDirectory() as root:
        _fill(Path(root), jobs)
        command = [sys.executable, "-m", "benchmarks.cluster_queue", root]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found: dict[str, Any] = json.loads(said.splitlines()[-1])  # the log stands before it
        return found


def _config(root: Path) -> Config:
    return Config(folders=(Folder(input=root / "in", output=root / "out"),), state=root / "state")


def _fill(root: Path, jobs: int) -> None:
    for name in ("in", "out", "state"):
        (root / name).mkdir()
    journal = Journal(root / "state")
    with journal.together():
        for number in range(jobs):
            path = root / "in" / f"{number:06d}.png"
            if number < _DISPATCHED:
                path.write_bytes(b"\x89PNG\r\n\x1a\n")
            identity = identify(path) or Identity(1000, number, number)
            incoming = IncomingFile(root / "in", Path(path.name), identity, f"{number:032x}", False)
            journal.add(incoming, float(number))
    journal.close()


def _give_out(root: Path) -> None:
    config, journal = _config(root), Journal(root / "state")
    executor = FakeExecutor(folder.colour for folder in config.folders)
    dispatcher = Dispatcher(config, journal, executor)
    ended, start, end = 0, 0.0, 0.0
    while ended < _DISPATCHED:
        begun = time.perf_counter()
        dispatcher.start_jobs()
        start += time.perf_counter() - begun
        task, executor.task = executor.task, None
        if not isinstance(task, ColourFiles):
            break
        for job in task.jobs.values():
            job.target.write_bytes(b"result")
        begun = time.perf_counter()  # all at once, as they come where everything waits for the main loop
        dispatcher.handle_all([Done(key, Report("photo", ".png", 1, 1, 1, ()), "weights") for key in task.jobs])
        end += time.perf_counter() - begun
        ended += len(task.jobs)
    memory = psutil.Process().memory_info().rss / (1 << 20)
    commit = _commit_seconds(journal)
    print(json.dumps({"mib": memory, "start": start / ended, "end": end / ended, "commit": commit}))


def _commit_seconds(journal: Journal) -> float:
    """Seconds of the smallest transaction that reaches the disk."""
    begun = time.perf_counter()
    for number in range(_DISPATCHED):
        with journal.together():
            journal.database.execute("UPDATE jobs SET seconds = ? WHERE id = 1", (number,))
    return (time.perf_counter() - begun) / _DISPATCHED


if __name__ == "__main__":
    _give_out(Path(sys.argv[1]))
