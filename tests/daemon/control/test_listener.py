"""Tests of daemon/control/listener.py: real sockets, and clients that misbehave."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from colorizer.errors import TintdError
from daemon.control import listener as module
from daemon.control.control_socket import Answer, ControlError, ask
from daemon.control.listener import Listener
from tests.conftest import TIMEOUT


def echo(request: Answer) -> Answer:
    """Answer with the request itself, and refuse one named "refuse"."""
    if request.get("request") == "refuse":
        raise TintdError("no")
    return {"got": request}


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Path]:
    """The path of a socket where a listener answers."""
    path = tmp_path / "control"
    made = Listener(path, "owner", echo)
    yield path
    made.close()


def exchange(path: Path, line: bytes) -> Answer:
    """The answer to a line as it is."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(TIMEOUT)
        client.connect(str(path))
        client.sendall(line)
        answer: Answer = json.loads(client.makefile("rb").readline())
    return answer


def test_a_request_is_answered(listener: Path) -> None:
    """With its details; a refusal is an error with its reason."""
    assert ask(listener, "status", most=1) == {"got": {"request": "status", "most": 1}}
    with pytest.raises(ControlError, match="no"):
        ask(listener, "refuse")


def test_nobody_listens_after_the_end(tmp_path: Path) -> None:
    """The socket's file is removed, too."""
    path = tmp_path / "control"
    Listener(path, "owner", echo).close()
    assert ask(path, "status") is None
    assert not path.exists()


def test_a_deep_folder_has_a_socket(tmp_path: Path) -> None:
    """Where the path is longer than the kernel takes."""
    path = tmp_path / ("d" * 100) / "control"
    path.parent.mkdir()
    made = Listener(path, "owner", echo)
    assert ask(path, "status") == {"got": {"request": "status"}}
    made.close()


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"[" * 60_000 + b"\n"])
def test_what_is_no_request_is_refused(listener: Path, line: bytes) -> None:
    """In words, and without an end of the listener; JSON may be nested deeper than Python reads it."""
    assert "the request is not" in exchange(listener, line)["error"]
    assert ask(listener, "status") is not None


def test_no_thread_polls_a_closed_socket(tmp_path: Path) -> None:
    """A listener's thread has ended when it is closed: one that still polled would take a whole processor."""
    before = threading.active_count()
    for _ in range(5):
        made = Listener(tmp_path / "control", "owner", echo)
        assert ask(tmp_path / "control", "status") is not None
        (tmp_path / "control").unlink()
        assert not made.is_alive()
        made.close()
    end = time.monotonic() + TIMEOUT
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_thousand_silent_connections_keep_nobody_out(listener: Path) -> None:
    """The oldest of them are closed; a client with a request is answered."""
    silent = []
    for _ in range(1000):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(listener))
        silent.append(client)
        if len(silent) > 200:
            silent.pop(0).close()
    assert ask(listener, "status") is not None
    for client in silent:
        client.close()


def test_many_at_once_are_all_answered(listener: Path) -> None:
    """However short the time between them."""
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda number: ask(listener, "status", most=number), range(300)))
    assert [answer and answer["got"]["most"] for answer in answers] == list(range(300))


def test_a_client_that_drips_is_dropped(listener: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is limited for the whole request, not for each of its bytes."""
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(listener))
        with suppress(BrokenPipeError, ConnectionResetError):
            while True:
                client.sendall(b" ")
                time.sleep(0.05)


def test_a_request_that_does_not_come_whole_is_told_so(listener: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as that of a client that was stopped meanwhile."""
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 0.2)
    assert "has not come within 0.2 s" in exchange(listener, b'{"request": "sta')["error"]


def test_a_connection_that_ends_without_an_answer_is_told_so(tmp_path: Path) -> None:
    """In words, not in those of the reader of JSON."""
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(path))
        service.listen()
        closing = threading.Thread(target=lambda: service.accept()[0].recv(1 << 16))
        closing.start()
        with pytest.raises(ControlError, match=r"^the service has closed the connection without an answer; ask again$"):
            ask(path, "status")
        closing.join()
