"""One service for one state folder: a lock that ends with its process, however it ends."""

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
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder's lock.

    Raises:
        StateError: another tintd holds it, or the folder cannot be written.

    """
    try:
        make_folder(state)
        kind = network_kind(state)
        if kind is not None:
            raise StateError(
                f"{state}: the journal cannot lie on a network file system ({kind}): its write-ahead log needs shared"
                " memory; name a folder on a local disk (`state:`)"
            )
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StateError(f"{state}: the state folder cannot be written: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise StateError(f"{state}: another tintd is using this state folder") from error
    finally:
        os.close(descriptor)
