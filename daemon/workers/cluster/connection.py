"""Connecting this process to a Ray cluster, with a sentence for the reasons that Ray gives only to its own log."""

from __future__ import annotations

import logging
import os
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from colorizer.errors import TintdError

_BAD_TOKEN = b"InvalidAuthToken"
"""What Ray's library writes for a token that is missing or wrong; its error says that nothing answers."""

_ANSWER_SECONDS = 10.0
"""Seconds within which the head must answer."""


class ClusterUnreachableError(TintdError):
    """The cluster cannot be reached."""


def connect(address: str, runtime_env: Mapping[str, Any]) -> None:
    """Connect this process to a cluster.

    Args:
        address: HOST:PORT of the head, or auto.
        runtime_env: what Ray prepares on each node.

    Raises:
        ClusterUnreachableError: there is no cluster, or it refuses this process.

    """
    _look_for_head(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # noqa: PLC0415 (it is large)

    with _captured_errors() as said:
        try:
            ray.init(address=address, runtime_env=dict(runtime_env), log_to_driver=False, logging_level=logging.FATAL)
        except Exception as error:  # Ray has no one class for these
            said.seek(0)
            reason = str(error).strip().partition("\n")[0].rstrip(".:")
            if _BAD_TOKEN in said.read():
                reason = "the token is missing or wrong: RAY_AUTH_MODE and the token must be those of the cluster"
            raise ClusterUnreachableError(f"the Ray cluster ({address}) cannot be reached: {reason}") from error


def _look_for_head(address: str) -> None:
    """Fail at once where nothing answers; Ray would try for minutes.

    Raises:
        ClusterUnreachableError: nothing answers.

    """
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        raise ClusterUnreachableError(f"the Ray cluster ({address}) cannot be reached: {reason}") from error


@contextmanager
def _captured_errors() -> Iterator[IO[bytes]]:
    """Keep what Ray's library writes to the standard error meanwhile."""
    sys.stderr.flush()
    before = os.dup(2)
    with tempfile.TemporaryFile() as said:
        try:
            os.dup2(said.fileno(), 2)
            yield said
        finally:
            os.dup2(before, 2)
            os.close(before)
