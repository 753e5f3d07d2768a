"""The page's connection to the service: one subscription over the control socket, whose updates all browsers share."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon.control.control_socket import short_name
from daemon.control.subscriptions import HEARTBEAT_SECONDS

_RETRY_SECONDS = 1.0
"""Seconds between two attempts to reach the service."""
_LONGEST_LINE = 1 << 22
"""Bytes of one update."""
_KEPT = 256
"""Updates that a browser can get later which was away for a moment."""

Snapshot = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """What the service said at one moment."""

    id: str
    """Grows with each update, as part of a text that is another one after a restart of the page."""
    snapshot: Snapshot | None
    """The state of the service; None where it does not answer."""


class Feed:
    """The latest update, and those before it."""

    def __init__(self, control_socket: Path) -> None:
        self._path = control_socket
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._updates: deque[Update] = deque([Update(f"{self._epoch}-0", None)], maxlen=_KEPT)
        self._changed = asyncio.Event()

    @property
    def latest(self) -> Update:
        """What the service said last."""
        return self._updates[-1]

    def after(self, last_id: str | None) -> list[Update]:
        """The updates after the one with an id; the latest alone where that is not known (any more)."""
        ids = [update.id for update in self._updates]
        if last_id not in ids:
            return [self.latest]
        return list(self._updates)[ids.index(last_id) + 1 :]

    async def wait(self, seconds: float) -> None:
        """Wait for another update, at most so long."""
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except TimeoutError:
            return

    async def follow(self) -> None:
        """Follow the service, without an end; one that does not run is tried again."""
        while True:
            try:
                async for snapshot in self._subscribed():
                    self._add(snapshot)
            except (OSError, ValueError, TimeoutError):
                pass
            self._add(None)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _subscribed(self) -> AsyncIterator[Snapshot]:
        with short_name(self._path) as name:
            reader, writer = await asyncio.open_unix_connection(name, limit=_LONGEST_LINE)
        try:
            writer.write(b'{"request": "subscribe"}\n')
            await writer.drain()
            while line := await asyncio.wait_for(reader.readline(), 3 * HEARTBEAT_SECONDS):
                snapshot: Snapshot = json.loads(line)
                if "error" in snapshot:
                    raise ValueError(snapshot["error"])
                yield snapshot
        finally:
            writer.close()

    def _add(self, snapshot: Snapshot | None) -> None:
        if snapshot == self.latest.snapshot:
            return
        self._number += 1
        self._updates.append(Update(f"{self._epoch}-{self._number}", snapshot))
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
