"""What systemd is told (sd_notify(3)): ready, alive, stopping. Does nothing where no systemd listens."""

from __future__ import annotations

import os
import socket


def notify(*assignments: str) -> None:
    """Send assignments such as READY=1 or STATUS=... to the service manager."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    name = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.connect(name)
        channel.sendall("\n".join(assignments).encode())


def watchdog_interval() -> float | None:
    """Seconds between two signs of life, half of what systemd allows, or None where it expects none."""
    allowed = os.environ.get("WATCHDOG_USEC")
    if not allowed or os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(allowed) / 2e6
