"""Tests of daemon/web/supervisor.py: the page's process is kept alive, and the service needs it for nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from daemon.commands.check import Finding, _findings
from daemon.config.settings import Log, load_config
from daemon.journal.journal import Journal
from daemon.web.site import addresses
from daemon.web.site.credentials import open_credentials
from daemon.web.supervisor import WebSupervisor
from tests.conftest import TIMEOUT, Daemon
from tests.daemon.web.conftest import Page, config_in
from tests.fork_server import has_ended


def until(condition: Callable[[], Any]) -> Any:  # noqa: ANN401 (whatever it returns)
    """What a condition returns once that is true."""
    end = time.monotonic() + TIMEOUT
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def logged(capfd: pytest.CaptureFixture[str], said: list[str], event: str) -> list[dict[str, Any]]:
    """The lines of the log so far that tell of an event."""
    said += capfd.readouterr().err.splitlines()
    return [line for line in map(json.loads, (one for one in said if one.startswith("{"))) if line["event"] == event]


def test_a_page_that_dies_is_started_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It has another link each time; at the end, no process is left."""
    config = config_in(tmp_path).model_copy(update={"log": Log(format="json")})
    Journal(config.state).close()
    said: list[str] = []
    with WebSupervisor(config, tmp_path / "config.yaml"):
        first = until(lambda: logged(capfd, said, "web page"))[0]
        address = first["log_in_once"].partition("login")[0]
        with urllib.request.urlopen(f"{address}healthz", timeout=TIMEOUT) as answer:  # noqa: S310
            assert json.load(answer) == {"status": "healthy"}
        process = psutil.Process(first["process"])
        os.kill(process.pid, signal.SIGKILL)
        second = until(lambda: logged(capfd, said, "web page")[1:])[0]
        assert second["log_in_once"] != first["log_in_once"]
    assert not psutil.pid_exists(second["process"])


def test_a_page_that_ends_while_it_is_looked_at_logs_no_error(tmp_path: Path) -> None:
    """A stream that its end cancels is no error: all lines are the log's own."""
    settings = config_in(tmp_path).model_copy(update={"log": Log(format="json")})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings.model_dump(mode="json", exclude_defaults=True)))
    command = [sys.executable, "-m", "daemon", "web", "--config", str(tmp_path / "config.yaml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as page:
        assert page.stderr is not None
        address = json.loads(page.stderr.readline())["log_in_once"].partition("login")[0]
        token = open_credentials(load_config(tmp_path / "config.yaml")).token
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.stream("GET", f"{address}api/v1/events", headers=headers, timeout=TIMEOUT) as events:
            lines = events.iter_lines()  # without this name, the stream would be closed here
            assert next(lines).startswith("retry")
            page.terminate()
            assert [line for line in page.stderr if not line.startswith("{")] == []


def test_a_port_that_is_taken_turns_the_page_off(tintd: Daemon) -> None:
    """It is said once, and the service colours as before; a reload with a free port brings the page."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        tintd.settings["web"] = {"address": f"127.0.0.1:{taken.getsockname()[1]}"}
        tintd.start()
        tintd.wait_until(lambda: tintd.logged("no web page"), "the page is off")
    assert "choose another port" in tintd.logged("no web page")[0]["reason"]
    assert not tintd.logged("web page")
    tintd.settings["web"] = {"address": "127.0.0.1:0"}
    tintd.reload()
    tintd.wait_until(lambda: tintd.logged("web page"), "the page is there")
    page = tintd.logged("web page")[0]["process"]
    tintd.stop(signal.SIGKILL)
    until(lambda: has_ended(page))


def test_the_check_says_whether_there_will_be_a_page(
    tmp_path: Path, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that another program has and an address without a token are warnings; a page that runs is none."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = findings_about(tmp_path, f"127.0.0.1:{other.getsockname()[1]}")
    assert [(finding.level, "choose another port" in finding.text) for finding in taken] == [("warning", True)]
    everyone = findings_about(tmp_path, "0.0.0.0:0")
    assert [(finding.level, "web.token" in finding.text) for finding in everyone] == [("warning", True)]
    monkeypatch.setattr(addresses, "_PATIENCE", TIMEOUT)
    own = findings_about(tmp_path, f"127.0.0.1:{page.port}")
    assert [(finding.level, "tintd serves it" in finding.text) for finding in own] == [("ok", True)]
    assert [finding.level for finding in findings_about(tmp_path, "127.0.0.1:0")] == ["ok"]
    assert findings_about(tmp_path, "off") == []


def findings_about(tmp_path: Path, address: str) -> list[Finding]:
    """What `tintd check` says about an address of the page."""
    config = {"folders": [{"input": "in", "output": "out"}], "web": {"address": address}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    before_weights = takewhile(lambda finding: "weights" not in finding.text, _findings(tmp_path / "config.yaml"))
    return [finding for finding in before_weights if "web page" in finding.text]
