"""Starts the real service and worker for tests, forked from processes that have loaded torch and the service already.

Only the way of starting processes differs from `tintd run`: loading modules anew costs seconds at each start.
`python -m tests.fork_server` reads lines `CONFIG LOG` from standard input, and answers each with the process id of a
new service.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from multiprocessing import forkserver
from pathlib import Path

import psutil

from daemon.commands.run import run

PRELOADED = ["tests.broken_requests", "colorizer.engine", "colorizer.film.pipeline", "daemon.workers.worker"]
"""Modules that a forked worker need not load (with them come torch, libav and libvips), and one for the server."""


def main() -> None:
    """Fork a service at each line."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
    forkserver._forkserver.ensure_running = lambda: None  # type: ignore[attr-defined]  # noqa: SLF001 (no child of a service)
    multiprocessing.get_context = lambda _method=None: context  # type: ignore[assignment, method-assign]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        config, log = line.split()
        service = os.fork()
        if service == 0:
            _serve(Path(config), Path(log))
        sys.stdout.write(f"{service}\n")
        sys.stdout.flush()


def _serve(config: Path, log: Path) -> None:
    """The service, in a process of its own, as `tintd run` is."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 2)
    os.setsid()
    status = 1
    try:
        run(config)
        status = 0
    except BaseException:  # noqa: BLE001 (the parent must not go on here)
        import traceback  # noqa: PLC0415

        traceback.print_exc()
    os._exit(status)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie; one whose other threads are still ending has its files open, too."""
    try:
        return (
            psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
            and sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()) <= 1
        )
    except (psutil.NoSuchProcess, FileNotFoundError):
        return True


class ForkServer:
    """The process that services are forked from."""

    def __init__(self) -> None:
        root = Path(__file__).parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        )

    def start(self, config: Path, log: Path) -> int:
        """The process id of a new service."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(config, log, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it; the services that it started go on."""
        self._process.kill()
        self._process.wait()


class ForkedProcess:
    """A forked process with the interface of `subprocess.Popen`; its exit status is not known."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        """None while it lives."""
        return 0 if has_ended(self.pid) else None

    def wait(self, timeout: float) -> int:
        """Wait until it has ended."""
        self._process.wait(timeout)
        return 0

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it."""
        self._process.kill()


if __name__ == "__main__":
    main()
