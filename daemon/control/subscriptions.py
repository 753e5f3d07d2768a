"""Subscriptions to the state of the service: its clients get each change, and a sign of life where nothing changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from daemon.control.control_socket import Answer
from daemon.runtime.service_state import LatestState, ServiceState

HEARTBEAT_SECONDS = 10.0
"""Seconds between two updates at most: whoever hears nothing for longer has lost the service."""
_SHORTEST_SECONDS = 0.25
"""Seconds between two updates at least."""
_MOST = 16
"""Subscriptions at a time: each has a thread."""


class Subscriptions:
    """Those who follow the state of the service."""

    def __init__(self, latest: LatestState) -> None:
        self._latest = latest
        self._free = threading.Semaphore(_MOST)

    def updates(self, describe: Callable[[ServiceState], Answer]) -> Iterator[Answer]:
        """Follow the state.

        Args:
            describe: makes the update from a state; one that says the same as the last is not sent.

        Yields:
            The updates, without an end, the present state first; or an error where there are too many subscriptions.

        """
        if not self._free.acquire(blocking=False):
            yield {"error": f"there are {_MOST} subscriptions already; end one of them"}
            return
        try:
            state, sent, due = self._latest.value, None, 0.0
            while True:
                update = describe(state)
                if update != sent or time.monotonic() >= due:
                    yield update
                    sent, due = update, time.monotonic() + HEARTBEAT_SECONDS
                    time.sleep(_SHORTEST_SECONDS)
                state = self._latest.wait_for_another(state, max(0.0, due - time.monotonic()))
        finally:
            self._free.release()
