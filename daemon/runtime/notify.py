"""Messages to systemd (sd_notify(3)): ready, alive, stopping. They do nothing where systemd does not listen."""

from __future__ import annotations

import os
import socket
from contextlib import suppress


def notify(*assignments: str) -> None:
    """Send assignments such as READY=1 or STATUS=... to the service manager.

    A message that cannot be sent is dropped: the manager may have gone, or NOTIFY_SOCKET may be left over from another
    service.

    """
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(name)
        channel.sendall("\n".join(assignments).encode())


def watchdog_interval() -> float | None:
    """Seconds between two watchdog messages, half of what systemd allows; None where it expects none."""
    allowed = os.environ.get("WATCHDOG_USEC")
    if not allowed or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed) / 2e6
