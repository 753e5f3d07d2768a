"""Tests of daemon/runtime/notify.py, against a real socket."""

import os
import socket
from pathlib import Path

import pytest

from daemon.runtime.notify import notify, watchdog_interval


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service on a terminal has no service manager."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_a_manager_that_has_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """NOTIFY_SOCKET may name a socket that is not there."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nothing"))
    notify("READY=1")


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool) -> None:
    """On a socket with a path, or an abstract one."""
    name = f"@tintd-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + name[1:] if abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        notify("READY=1", "STATUS=2 waiting")
        assert systemd.recv(100) == b"READY=1\nSTATUS=2 waiting"


def test_the_watchdog_gets_two_messages_in_the_time_that_it_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is sent where the watchdog is another process's."""
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_interval() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_interval() == 15
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_interval() is None
