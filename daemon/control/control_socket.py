"""The control socket: people ask, the running service answers. A request and its answer are one line of JSON each."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Overdue
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from colorizer.errors import TintdError

Answer = dict[str, Any]

_LONGEST = 1 << 16
"""Bytes of a request."""
_PATIENCE = 30.0
"""Seconds for which either side waits for the other."""
_ASLEEP = 1e6
"""Seconds between two looks at whether to go on: nobody needs them, and each would wake the processor."""
_MODES = {"owner": 0o600, "group": 0o660, "everyone": 0o666}


class ControlError(TintdError):
    """The service cannot be asked, or did not do what was asked."""


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks of the service's loop, which answers in its own time."""

    wish: str
    pattern: str = "*"
    answer: Future[Answer] = field(default_factory=Future, compare=False)


class Control:
    """The service's end: a thread for each who asks, so that a slow one keeps nobody waiting."""

    def __init__(
        self,
        path: Path,
        access: Literal["owner", "group", "everyone"],
        look: Callable[[Answer], Answer],
        ring: Callable[[], None],
    ) -> None:
        """Listen; `look` answers in its own thread what changes nothing, `ring` tells the loop of other requests.

        Raises:
            OSError: the socket cannot be made.

        """
        self._path = path
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        path.unlink(missing_ok=True)
        with _short(path) as name:
            before = os.umask(0o777 & ~_MODES[access])
            try:
                self._server = _Server(name, _Asker)
            finally:
                os.umask(before)
        self._server.answer = lambda asked: self._answer(asked, look, ring)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_ASLEEP,), name="control", daemon=True)
        self._thread.start()

    def asked(self) -> Iterator[Request]:
        """Requests that wait for the loop."""
        with contextlib.suppress(queue.Empty):
            while True:
                yield self._requests.get_nowait()

    def is_alive(self) -> bool:
        """Whether somebody listens, and can be found."""
        return self._thread.is_alive() and self._path.is_socket()

    def close(self) -> None:
        """Listen no more; the thread, which sleeps until somebody asks, ends with the process."""
        self._server.server_close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _answer(self, asked: Answer, look: Callable[[Answer], Answer], ring: Callable[[], None]) -> Answer:
        wish = asked.get("wish")
        if wish in {"status", "history"}:
            return look(asked)
        request = Request(str(wish), str(asked.get("pattern", "*")))
        self._requests.put(request)
        ring()
        try:
            return request.answer.result(_PATIENCE)
        except Overdue:
            return {"error": f"the service has not answered within {_PATIENCE:.0f} s; it will do it when it can"}


def ask(path: Path, wish: str, **details: object) -> Answer | None:
    """Ask the service that listens at a path.

    Returns:
        Its answer, or None where no service listens.

    Raises:
        ControlError: it may not be asked, or refuses.

    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(_PATIENCE + 5)
        try:
            with _short(path) as name:
                channel.connect(name)
            channel.sendall(json.dumps({"wish": wish, **details}).encode() + b"\n")
            with channel.makefile("rb") as heard:
                answer: Answer = json.loads(heard.readline())
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise ControlError(
                f"{path}: you may not ask the service; join its group, or see `control.access`"
            ) from error
        except (OSError, ValueError) as error:
            raise ControlError(f"{path}: the service does not answer: {error}") from error
    if "error" in answer:
        raise ControlError(str(answer["error"]))
    return answer


class _Asker(socketserver.StreamRequestHandler):
    """One who asks."""

    timeout = _PATIENCE
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # who asked has gone
            self.wfile.write(json.dumps(self._answer()).encode() + b"\n")

    def _answer(self) -> Answer:
        try:
            asked = json.loads(self.rfile.readline(_LONGEST))
            return self.server.answer(asked) if isinstance(asked, dict) else {"error": "not a request"}
        except (OSError, ValueError, TypeError) as error:
            return {"error": f"not a request: {error}"}
        except TintdError as error:
            return {"error": str(error)}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    answer: Callable[[Answer], Answer]


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for a socket that is short enough for the kernel (108 bytes), however deep its folder lies."""
    if len(os.fsencode(path)) < 100:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
