"""The listening end of the control socket: a thread for each client, so that a slow client delays no other.

A request is a line, and so is its answer; a subscription is answered by a line for each update, until its client goes.

Clients are not trusted: the number of connections, the length of a request and the time for it are limited.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import Literal

from colorizer.errors import TintdError
from daemon.control.control_socket import ANSWER_SECONDS, Answer, short_name

_LONGEST_REQUEST = 1 << 16
"""Bytes."""
_REQUEST_SECONDS = 10.0
"""Seconds within which a client must have sent its whole request."""
_MOST_SILENT = 64
"""Connections that have not sent their request yet; beyond this number, the oldest of them is closed."""
_MOST_CLIENTS = 128
"""Connections at a time; further ones wait in the kernel's queue."""
_BACKLOG = 256
"""Length of the kernel's queue."""
_FULL_SECONDS = 0.1
"""Delay after a connection that could not be accepted: the process may have too many open files."""
_MODES = {"owner": 0o600, "group": 0o660, "everyone": 0o666}


class Listener:
    """Listens at a path, and answers each request by a function."""

    def __init__(
        self,
        path: Path,
        access: Literal["owner", "group", "everyone"],
        answer: Callable[[Answer], Answer | Iterator[Answer]],
    ) -> None:
        """Listen at a path.

        Args:
            path: of the socket; an older one is replaced.
            access: who may connect.
            answer: called in the thread of a client with its request, a JSON object. It may raise TintdError, whose
                message the client gets. An iterator is a subscription: the client gets all that it yields.

        Raises:
            OSError: the socket cannot be made.

        """
        self._path = path
        self._answer = answer
        self._silent: dict[socket.socket, None] = {}
        """Connections that have not sent their request yet, the oldest first."""
        self._lock = threading.Lock()
        self._free = threading.Semaphore(_MOST_CLIENTS)
        self._is_closed = False
        self._socket = _listening(path, _MODES[access])
        self._stop_reader, self._stop_writer = os.pipe2(os.O_CLOEXEC)
        self._thread = threading.Thread(target=self._accept_all, name="control", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether the thread runs, and clients can find the socket."""
        return self._thread.is_alive() and self._path.is_socket()

    def close(self) -> None:
        """Stop listening; the thread ends before the socket is closed, so that it never polls a closed one.

        A second call does nothing: the numbers of its descriptors may be those of other files by then.

        """
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._stop_writer)
        self._thread.join()
        os.close(self._stop_reader)
        self._socket.close()
        with suppress(OSError):
            self._path.unlink()

    def _accept_all(self) -> None:
        while self._stop_reader not in wait([self._socket, self._stop_reader]):
            if not self._free.acquire(timeout=_FULL_SECONDS):
                continue
            try:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), name="control client", daemon=True).start()
            except (OSError, RuntimeError):  # too many open files, or threads: others end soon
                self._free.release()
                time.sleep(_FULL_SECONDS)

    def _serve(self, client: socket.socket) -> None:
        """Answer one client; an error on its connection means that it has gone."""
        try:
            with client, suppress(OSError):
                self._limit_silent(client)
                answer = self._answer_to(client)
                client.settimeout(ANSWER_SECONDS)
                for line in [answer] if isinstance(answer, dict) else answer:
                    client.sendall(json.dumps(line).encode() + b"\n")
        finally:
            self._free.release()

    def _limit_silent(self, newest: socket.socket) -> None:
        with self._lock:
            self._silent[newest] = None
            oldest = next(iter(self._silent)) if len(self._silent) > _MOST_SILENT else None
            if oldest is not None:
                del self._silent[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)

    def _answer_to(self, client: socket.socket) -> Answer | Iterator[Answer]:
        try:
            line = _read_line(client, time.monotonic() + _REQUEST_SECONDS)
        except TimeoutError:
            return {"error": f"the request has not come within {_REQUEST_SECONDS:g} s, or is too long; ask again"}
        finally:
            with self._lock:
                self._silent.pop(client, None)
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"error": "the request is not a line of JSON"}
        if not isinstance(request, dict):
            return {"error": "the request is not a JSON object"}
        try:
            return self._answer(request)
        except TintdError as error:
            return {"error": str(error)}


def _listening(path: Path, mode: int) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path.unlink(missing_ok=True)
    before = os.umask(0o777 & ~mode)
    try:
        with short_name(path) as name:
            listener.bind(name)
        listener.listen(_BACKLOG)
        listener.setblocking(False)  # a client may be gone between `wait` and `accept`
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _read_line(client: socket.socket, deadline: float) -> bytes:
    """A line from a client.

    Raises:
        OSError: the client has gone, or its line is too long or takes too long.

    """
    line = b""
    while not line.endswith(b"\n"):
        client.settimeout(max(0.001, deadline - time.monotonic()))
        part = client.recv(4096)
        line += part
        if not part or len(line) > _LONGEST_REQUEST or time.monotonic() > deadline:
            raise TimeoutError
    return line
