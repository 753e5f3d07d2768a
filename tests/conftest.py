"""What the tests share: small weights that answer something, real media, and the real daemon."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
import torch
import yaml
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from colorizer.model.network import Architecture, Network
from colorizer.model.weights import Calibration, WeightsCard, save_weights
from daemon.commands.client import look_up
from daemon.control.status import status_of
from tests.assets.films import Film, write_film
from tests.fork_server import PRELOADED, ForkedProcess, ForkServer

# Programs that are started in the background ignore SIGINT, and so would the commands that tests interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What a machine has set for its own programs changes their output, or where they look for 127.0.0.1.
for _name in ("COLUMNS", "FORCE_COLOR", "JOURNAL_STREAM", "LINES", "NOTIFY_SOCKET", "NO_COLOR", "PYTHONWARNINGS"):
    os.environ.pop(_name, None)
os.environ["LC_ALL"] = "C.UTF-8"  # in another locale, Chromium uploads no file whose name is not ASCII
for _name in ("all_proxy", "http_proxy", "https_proxy"):
    os.environ.pop(_name, None)
    os.environ.pop(_name.upper(), None)

# No test asserts a time, and hypothesis would. The same examples are tried each time: a run that finds a new one would
# fail by chance. `pytest --hypothesis-profile=search` tries others, and more of them.
_patient = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("patient", _patient, derandomize=True)
hypothesis_settings.register_profile("search", _patient, max_examples=1000)
hypothesis_settings.load_profile("patient")

TIMEOUT = 600
"""Seconds after which a service that has not done something never will."""


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws without a seed of its own is the same each time."""
    random.seed(7)
    torch.manual_seed(7)


@pytest.fixture(autouse=True)
def usual_log() -> Iterator[None]:
    """A command that ran in a test's process leaves no configuration of the log to other tests."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights from random: they colour strongly, and always alike."""
    torch.manual_seed(7)
    network = Network(Architecture(widths=(16, 16, 16)))
    torch.nn.init.normal_(network.head.weight, std=8.0)
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    calibration = Calibration(log_prior=(0.0,) * len(network.bins))
    save_weights(
        path, network, WeightsCard(architecture=network.architecture, working_size=64, calibration=calibration)
    )
    return path


def unfinished_in(place: Path) -> list[Path]:
    """Temporary files below a folder. Unlike `Path.rglob`, this passes over folders that vanish meanwhile."""
    found = (Path(folder, name) for folder, *names in os.walk(place) for name in itertools.chain(*names))
    return [path for path in found if path.name.startswith(".tintd-")]


@dataclass
class ServiceSetup:
    """Folders, settings and log of a service."""

    root: Path
    """The folder that holds all the others."""
    settings: dict[str, Any]

    @property
    def inbox(self) -> Path:
        """The watched folder."""
        return self.root / "inbox"

    @property
    def outbox(self) -> Path:
        """The folder of results."""
        return self.root / "outbox"

    def configure(self) -> Path:
        """Write the settings down."""
        path = self.root / "config.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        return path

    def log(self) -> str:
        """What the service wrote."""
        path = self.root / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The lines of the service's log that tell of an event."""
        return [line for line in map(_as_json, self.log().splitlines()) if line.get("event") == event]

    def leftovers(self) -> list[Path]:
        """Temporary files in the folders of results."""
        places = {self.root / folder["output"] for folder in self.settings["folders"]}
        return [path for place in places for path in unfinished_in(place)]

    def drop_film(self, name: str, film: Film) -> Path:
        """Move a finished film into the watched folder."""
        return write_film(self.root / Path(name).name, film).rename(self.inbox / name)

    def wait(self, condition: Callable[[], object], what: str, has_failed: Callable[[], bool]) -> None:
        """Wait until a condition is true; the test fails after `TIMEOUT`, or when it cannot become true any more."""
        end = time.monotonic() + TIMEOUT
        while not condition():
            if time.monotonic() > end or has_failed():
                pytest.fail(f"not so: {what}\n{self.log()[-5000:]}")
            time.sleep(0.05)


@dataclass
class Daemon(ServiceSetup):
    """The real service in a process of its own, on folders of its own."""

    fork_server: ForkServer | None = None
    """The process that it is forked from; None: it is started as `tintd run` is."""
    process: subprocess.Popen[bytes] | ForkedProcess | None = None

    def start(self) -> None:
        """Start the service, and wait until it is ready."""
        config, log = self.configure(), self.root / "log"
        log.unlink(missing_ok=True)
        if self.fork_server is None:
            command = [sys.executable, "-m", "daemon", "run", "-c", str(config)]
            with log.open("wb") as errors:
                self.process = subprocess.Popen(command, stderr=errors)
        else:
            self.process = ForkedProcess(self.fork_server.start(config, log))
        self.wait_until(lambda: self.logged("ready"), "the service is ready")

    def reload(self, event: str = "reloaded", times: int = 1) -> None:
        """Have the service read its settings again, and wait until it has told of an event so many times."""
        assert self.process is not None
        self.configure()
        self.process.send_signal(signal.SIGHUP)
        self.wait_until(lambda: len(self.logged(event)) >= times, event)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the service, and wait until it has."""
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(TIMEOUT)

    def status(self) -> dict[str, Any]:
        """What `tintd status --json` says, asked in this process: starting Python at each look costs seconds."""
        return look_up(self.root / "config.yaml", "status", lambda journal: status_of(journal, None), most=None)

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a sub-command of tintd on this service's configuration."""
        return subprocess.run(
            [sys.executable, "-m", "daemon", name, "-c", str(self.root / "config.yaml"), *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT,
        )

    def command_offline(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a sub-command before the service is started."""
        self.configure()
        return self.command(name, *arguments)

    def wait_for(self, **counts: int) -> None:
        """Wait until so many files are done, failed, ... and none waits or runs; then the work folders go."""
        wanted = {"waiting": 0, "held": 0, "running": 0, **counts}
        self.wait_until(lambda: wanted.items() <= self.status()["counts"].items(), str(wanted))
        self.wait_until(lambda: not self.leftovers(), "the work folders are gone")

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition is true of the running service."""
        assert self.process is not None
        process = self.process
        self.wait(condition, what, lambda: process.poll() is not None)


def _as_json(line: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return found


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Started once: it has torch."""
    made = ForkServer()
    yield made
    made.close()


@pytest.fixture(scope="session")
def worker_context() -> multiprocessing.context.BaseContext:
    """A way to start processes that forks them from one that has loaded torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@pytest.fixture
def forked_workers(worker_context: multiprocessing.context.BaseContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that this process starts are forked, where loading torch again would cost seconds for each."""
    monkeypatch.setattr(multiprocessing, "get_context", lambda _method=None: worker_context)


@pytest.fixture
def daemon(tmp_path: Path, weights: Path, fork_server: ForkServer) -> Iterator[Daemon]:
    """A service with an inbox and an outbox, quick in all its waits; not yet started."""
    with service_in(tmp_path, weights, fork_server) as made:
        yield made


@pytest.fixture
def tintd(tmp_path: Path, weights: Path) -> Iterator[Daemon]:
    """The same, started as `tintd run` is: for tests of its processes, its environment and its exit status."""
    with service_in(tmp_path, weights, None) as made:
        yield made


def settings_with(weights: Path) -> dict[str, Any]:
    """Settings of a service whose waits are all short."""
    return {
        "folders": [{"input": "inbox", "output": "outbox"}],
        "colour": {"weights": str(weights), "device": "cpu"},
        "film": {"speed": "ultrafast"},
        "watching": {"settle_seconds": 0.5, "patience_seconds": 1},
        "work": {"retry_seconds": 0.2, "grace_seconds": 0},
        "web": {"address": "off"},
    }


@contextmanager
def service_in(root: Path, weights: Path, fork_server: ForkServer | None) -> Iterator[Daemon]:
    """A service, which does not outlive its test."""
    made = Daemon(root, settings_with(weights), fork_server)
    made.inbox.mkdir(parents=True)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(TIMEOUT)
