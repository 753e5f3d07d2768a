"""Tests of daemon/control/subscriptions.py: clients follow the state of a service over its control socket."""

import json
import socket
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from daemon.control import subscriptions
from daemon.control.control_socket import Answer
from daemon.control.listener import Listener
from daemon.control.subscriptions import Subscriptions
from daemon.runtime.service_state import LatestState, ServiceState
from tests.conftest import TIMEOUT


def described(state: ServiceState) -> Answer:
    """The update that a test looks at."""
    return {"summary": state.summary}


def test_each_change_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that says the same as the last one is not told again before the next sign of life."""
    monkeypatch.setattr(subscriptions, "HEARTBEAT_SECONDS", 10 * TIMEOUT)
    latest = LatestState()
    updates = Subscriptions(latest).updates(described)
    assert next(updates) == {"summary": "starting"}

    def change() -> None:
        latest.value = ServiceState(iterations=2)
        latest.value = ServiceState("waiting for files")

    timer = threading.Timer(0.5, change)
    timer.start()
    assert next(updates) == {"summary": "waiting for files"}
    timer.join()


def test_a_sign_of_life_comes_where_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hears nothing knows that the service has gone."""
    monkeypatch.setattr(subscriptions, "HEARTBEAT_SECONDS", 0.1)
    told = list(islice(Subscriptions(LatestState()).updates(described), 3))
    assert told == 3 * [{"summary": "starting"}]


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The path of a real control socket that answers every request by a subscription."""
    monkeypatch.setattr(subscriptions, "HEARTBEAT_SECONDS", 0.1)
    followed = Subscriptions(LatestState())
    listener = Listener(tmp_path / "control", "owner", lambda _: followed.updates(described))
    yield tmp_path / "control"
    listener.close()


def subscribed(path: Path) -> tuple[socket.socket, Any]:
    """A client and what it receives."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(TIMEOUT)
    client.connect(str(path))
    client.sendall(b"{}\n")
    return client, client.makefile("rb")


def test_a_client_that_has_gone_makes_room(listening: Path) -> None:
    """There may be so many at a time; one more is told so, until another one has gone."""
    clients = [subscribed(listening) for _ in range(subscriptions._MOST)]  # noqa: SLF001
    for _, lines in clients:
        assert json.loads(lines.readline()) == {"summary": "starting"}
    late, lines = subscribed(listening)
    assert "already" in json.loads(lines.readline())["error"]
    lines.close()
    late.close()
    for client, lines in clients:
        lines.close()
        client.close()
    while True:
        client, lines = subscribed(listening)
        answer = json.loads(lines.readline())
        lines.close()
        client.close()
        if "error" not in answer:
            break
