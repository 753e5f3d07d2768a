"""Loaded by the processes that fork the workers of tests: a request that breaks off does not end them.

A service that is killed while it asks for a worker would end Python's fork server. A real service has its own, which
ends with it; the services of tests share one.
"""

from __future__ import annotations

import errno
from multiprocessing import reduction
from typing import Any

_receive = reduction.recvfds


def _receive_whole(sock: Any, size: int) -> list[int]:  # noqa: ANN401 (the stubs of multiprocessing have no type)
    try:
        return list(_receive(sock, size))
    except (EOFError, OSError, RuntimeError) as error:
        raise OSError(errno.ECONNABORTED, "a request for a process has broken off") from error


reduction.recvfds = _receive_whole
