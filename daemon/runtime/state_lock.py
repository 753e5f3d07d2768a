"""One service for each state folder: a lock that ends with its process, however the process ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from colorizer.durable import make_folder
from colorizer.errors import TintdError
from daemon.files.mounts import network_kind


class StateError(TintdError):
    """The state folder cannot be used, or another process uses it."""


@contextmanager
def state_locked(state: Path) -> Iterator[None]:
    """Hold the lock of a state folder.

    Raises:
        StateError: another tintd holds it, or the folder cannot be written.

    """
    descriptor = _open(state)
    try:
        _lock(descriptor, state)
        yield  # outside of any `except`: an error in what the caller does is not about the lock
    finally:
        os.close(descriptor)


def _open(state: Path) -> int:
    try:
        make_folder(state)
        kind = network_kind(state)
        if kind is not None:
            raise StateError(
                f"{state}: the journal cannot be kept on a network file system ({kind}), because SQLite's write-ahead"
                " log needs shared memory; set `state:` to a folder on a local disk"
            )
        return os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StateError(f"{state}: the state folder cannot be written: {error.strerror}") from error


def _lock(descriptor: int, state: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StateError(f"{state}: another tintd is using this state folder") from error
