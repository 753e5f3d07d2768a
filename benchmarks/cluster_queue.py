"""Memory of the part of the service that gives out jobs, by the number of jobs that wait in its journal."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

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


def memory_of_queue(jobs: int) -> float:
    """Resident MiB of a process that gives out some of so many queued jobs."""
    with tempfile.TemporaryDirectory() as root:
        _fill(Path(root), jobs)
        command = [sys.executable, "-m", "benchmarks.cluster_queue", root]
        return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


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
    ended = 0
    while ended < _DISPATCHED:
        dispatcher.start_jobs()
        task, executor.task = executor.task, None
        if not isinstance(task, ColourFiles):
            break
        for key, job in task.jobs.items():
            job.target.write_bytes(b"result")
            dispatcher.handle(Done(key, Report("photo", ".png", 1, 1, 1, ()), "weights"))
            ended += 1
    print(psutil.Process().memory_info().rss / (1 << 20))


if __name__ == "__main__":
    _give_out(Path(sys.argv[1]))
