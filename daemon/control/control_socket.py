"""The control socket as clients use it. A request and its answer are one line of JSON each."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from colorizer.errors import TintdError
from daemon.files.text import in_words

Answer = dict[str, Any]

ANSWER_SECONDS = 30.0
"""Seconds within which the service answers."""
_NO_ANSWER = b'{"error": "the service has closed the connection without an answer; ask again"}'


class ControlError(TintdError):
    """The service cannot be reached, or refuses a request."""


def ask(path: Path, request: str, **details: object) -> Answer | None:
    """Send a request to the service that listens at a path.

    Returns:
        Its answer; None where no service listens.

    Raises:
        ControlError: the service cannot be reached, or refuses the request.

    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(ANSWER_SECONDS + 5)
        try:
            _connect(channel, path)
            channel.sendall(json.dumps({"request": request, **details}).encode() + b"\n")
            with channel.makefile("rb") as received:
                answer: Answer = json.loads(received.readline() or _NO_ANSWER)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise ControlError(
                f"{path}: you are not allowed to use the service's control socket; join the group of this file, or"
                " change `control.access` in the configuration"
            ) from error
        except (OSError, ValueError) as error:
            raise ControlError(f"{path}: the service does not answer: {in_words(error)}") from error
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer


def _connect(channel: socket.socket, path: Path) -> None:
    """Connect; wait while the service's queue of connections is full, which the kernel reports at once."""
    end = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            with short_name(path) as name:
                return channel.connect(name)
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name for a socket that is short enough for the kernel (108 bytes), however deep its folder lies."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
