"""A real page on a port of its own, over a journal that a test fills."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from daemon.config.settings import Config, Folder, load_config
from daemon.config.web_settings import Web
from daemon.files.identity import Result, identify
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd, IncomingFile, ResultMetadata
from daemon.web.server import bind, make_server
from daemon.web.site.addresses import address_of, link_of
from daemon.web.site.credentials import Credentials, open_credentials
from tests.assets.ports import reserved_port
from tests.conftest import TIMEOUT, Daemon


@dataclass
class Page:
    """A page that is served, and a browser that has logged in."""

    config: Config
    credentials: Credentials
    port: int
    browser: httpx.Client

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def stranger(self, **options: Any) -> httpx.Client:  # noqa: ANN401 (httpx's)
        """A browser that has not logged in."""
        return httpx.Client(base_url=self.address, timeout=TIMEOUT, **options)


@pytest.fixture
def make_page(tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Start a page with some settings; it ends with the test."""
    stops: list[Callable[[], None]] = []

    def make(**web: Any) -> Page:  # noqa: ANN401 (settings of any kind)
        config = config_in(tmp_path, **web)
        Journal(config.state).close()
        credentials = open_credentials(config)
        listening = bind(config.web)
        port = listening.getsockname()[1]
        server = make_server(config, tmp_path / "config.yaml", credentials)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join()

        stops.append(stop)
        address = f"http://127.0.0.1:{port}"
        browser = httpx.Client(base_url=address, timeout=TIMEOUT, headers={"Origin": address})
        while not server.started:
            time.sleep(0.02)
        logged_in = browser.post("/login", data={"token": credentials.token})
        assert logged_in.status_code in {303, 421}
        stops.append(browser.close)
        return Page(config, credentials, port, browser)

    yield make
    for stop in reversed(stops):
        stop()


@pytest.fixture
def page(make_page: Callable[..., Page]) -> Page:
    """A page with the usual settings."""
    return make_page()


@pytest.fixture
def serve(daemon: Daemon) -> Iterator[Callable[..., str]]:
    """Start a service with a page that has some settings; returns a link that logs in. Both end with the test."""
    with reserved_port() as port:

        def start(**web: Any) -> str:  # noqa: ANN401 (settings of any kind)
            daemon.settings["web"] = {"address": f"127.0.0.1:{port}"} | web
            daemon.start()
            config = load_config(daemon.root / "config.yaml")
            daemon.wait_until(lambda: answers(f"{address_of(config.web)}healthz"), "the page is there")
            return link_of(config.web, open_credentials(config), time.time())

        yield start
        if daemon.process is not None and daemon.process.poll() is None:
            daemon.stop()


def answers(address: str) -> bool:
    """Whether a page answers."""
    try:
        return httpx.get(address, timeout=TIMEOUT).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def config_in(root: Path, **web: Any) -> Config:  # noqa: ANN401 (settings of any kind)
    """A configuration whose folders are there, and whose page has any free port."""
    for name in ("in", "out"):
        (root / name).mkdir(exist_ok=True)
    return Config(
        folders=(Folder(input=root / "in", output=root / "out"),),
        state=root / "state",
        web=Web(**({"address": "127.0.0.1:0"} | web)),
    )


def enter_file(config: Config, name: str, content: bytes = b"x", now: float = 1000.0) -> int:
    """Put a file into the watched folder and the journal; returns the number of its job."""
    folder = config.folders[0].input
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    identity = identify(path)
    assert identity is not None
    journal = Journal(config.state)
    journal.add(IncomingFile(folder, Path(name), identity, f"{name!r} {len(content)}"), now)
    job = journal.find(path, folder)
    journal.close()
    assert job is not None
    return job.id


def finish_file(config: Config, job: int, content: bytes = b"y", now: float = 2000.0) -> Path:
    """Note that a job is done, with a result of some content."""
    journal = Journal(config.state)
    record = journal.job(job)
    assert record is not None
    path = config.folders[0].output / record.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    identity = identify(path)
    assert identity is not None
    started = journal.start(record, "1 (cpu)", now - 1)
    journal.announce(started.id, Result(path, identity), ResultMetadata("settings", "weights", 1.5, ("<i>a note</i>",)))
    journal.finish(started.id, now)
    journal.close()
    return path


def fail_file(config: Config, job: int, reason: str, now: float = 2000.0) -> None:
    """Note that a job has failed."""
    journal = Journal(config.state)
    record = journal.job(job)
    assert record is not None
    started = journal.start(record, "1 (cpu)", now - 1)
    journal.fail(started.id, AttemptEnd("failed", reason), now)
    journal.close()
