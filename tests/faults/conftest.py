"""What the tests of faults share: services by the dozen, and what must be so whatever happened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServiceSetup, settings_with
from tests.fork_server import ForkServer, has_ended


@dataclass
class Service(ServiceSetup):
    """A service on folders of its own, started and killed as often as wanted."""

    fork_server: ForkServer
    pid: int = 0

    def start(self) -> None:
        """Start the service; it is not waited for."""
        self.pid = self.fork_server.start(self.configure(), self.root / "log")

    def is_alive(self) -> bool:
        """Whether the service runs."""
        return not has_ended(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send the service a signal, and wait until it is gone."""
        os.kill(self.pid, number)
        self.until(lambda: not self.is_alive(), "the service has ended", of_the_living=False)

    def counts(self) -> dict[str, int]:
        """How many jobs the journal has in each state; none where it is not made yet."""
        if not (self.root / "state" / "journal.sqlite3").exists():
            return {}
        try:
            return dict(self.rows("SELECT state, count(*) FROM jobs WHERE NOT superseded GROUP BY state"))
        except sqlite3.OperationalError:  # not made yet
            return {}

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read from the journal, and leave its files as they are.

        A connection that is not closed is closed by the garbage collection at any later time. The last connection to a
        journal removes its WAL by name then: that of the next service, or one that is just copied.
        """
        path = self.root / "state" / "journal.sqlite3"
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=20)) as database:
            return database.execute(statement).fetchall()

    def until(self, condition: Callable[[], object], what: str, *, of_the_living: bool = True) -> None:
        """Wait until a condition is true; if it is `of_the_living`, the service must not end meanwhile."""
        self.wait(condition, what, lambda: of_the_living and not self.is_alive())

    def finish(self, **counts: int) -> None:
        """Wait until the journal has exactly these counts."""
        self.until(lambda: self.counts() == counts, str(counts))


@contextmanager
def service_in(root: Path, weights: Path, fork_server: ForkServer) -> Iterator[Service]:
    """A service that is quick in all its waits; not yet started. It does not outlive its test."""
    settings = settings_with(weights)
    settings["watching"]["settle_seconds"] = 0.2
    settings["work"] |= {"attempts": 3, "spare_mib": 1}
    settings["log"] = {"format": "json"}
    made = Service(root, settings, fork_server)
    made.inbox.mkdir()
    yield made
    if made.pid and made.is_alive():
        os.kill(made.pid, signal.SIGKILL)


@pytest.fixture
def service(tmp_path: Path, weights: Path, fork_server: ForkServer) -> Iterator[Service]:
    """A service that is quick in all its waits; not yet started."""
    with service_in(tmp_path, weights, fork_server) as made:
        yield made


@contextmanager
def immutable(path: Path) -> Iterator[None]:
    """A file that can be neither changed nor removed, nor replaced by another, by nobody."""
    if os.geteuid() != 0 or subprocess.run(["chattr", "+i", path], check=False, capture_output=True).returncode:
        pytest.skip("files that nobody can remove need root, and a file system that has them")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", path], check=True)


def assert_in_order(service: Service) -> None:
    """What must be so after any fault: each input has one result or a reason, and nothing is left over."""
    assert service.rows("PRAGMA integrity_check") == [("ok",)]
    rows = service.rows("SELECT path, state, output, reason FROM jobs WHERE NOT superseded")
    known = {os.fsdecode(path): (state, output, reason) for path, state, output, reason in rows}
    inputs = {str(path.relative_to(service.inbox)) for path in service.inbox.rglob("*") if path.is_file()}
    assert inputs <= set(known)
    results = [Path(os.fsdecode(output)) for state, output, _ in known.values() if state == "done"]
    lying = [
        path
        for path in service.outbox.rglob("*")
        if path.is_file() and not path.name.endswith((".failed.txt", ".skipped.txt"))
    ]
    assert sorted(results) == sorted(lying), "every result is known, and none is there twice"
    assert all(reason for state, _, reason in known.values() if state == "failed")
    assert service.leftovers() == []
