"""Tests of daemon/web/client_limits.py: clients that send little, or nothing, keep nobody else out."""

import socket
from contextlib import ExitStack

import pytest

from daemon.web import client_limits
from tests.conftest import TIMEOUT
from tests.daemon.web.conftest import Page


def connected(page: Page) -> socket.socket:
    """A connection that has sent nothing."""
    return socket.create_connection(("127.0.0.1", page.port), timeout=TIMEOUT)


def test_a_thousand_idle_connections_keep_nobody_out(page: Page) -> None:
    """The oldest of them are closed."""
    with ExitStack() as stack:
        idle = []
        for _ in range(1000):
            idle.append(stack.enter_context(connected(page)))
            if len(idle) > 300:  # this process has few files itself
                idle.pop(0).close()
        assert page.browser.get("/done").status_code == 200
        assert idle[0].recv(1) == b""


@pytest.mark.parametrize("start", [b"", b"GET / HTTP/1.1\r\nHost: x"])
def test_a_client_that_never_ends_its_request_is_closed(
    page: Page, start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it has sent nothing or a part of a head."""
    monkeypatch.setattr(client_limits, "HEAD_SECONDS", 0.2)
    with connected(page) as slow:
        slow.sendall(start)
        received = b""
        while part := _received(slow):
            received += part
        assert b"200 OK" not in received
    monkeypatch.undo()  # else this browser must be quick, too
    assert page.browser.get("/done").status_code == 200


def test_a_second_request_that_never_ends_is_closed(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection whose first one was answered."""
    with connected(page) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        while b"healthy" not in received:
            received += slow.recv(4096)
        monkeypatch.setattr(client_limits, "HEAD_SECONDS", 0.2)
        slow.sendall(b"GET / H")
        assert _received(slow) == b""


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(4096)
    except ConnectionResetError:
        return b""
