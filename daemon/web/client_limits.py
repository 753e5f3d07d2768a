"""Limits for clients that are not trusted: silent connections are closed, and so are those beyond a number."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""Seconds within which a client must have sent the whole head of its request."""
MOST_SILENT = 256
"""Connections that have sent no request yet; beyond this number, the oldest of them is closed."""


class LimitedProtocol(H11Protocol):
    """Uvicorn's protocol, which by itself waits for the first request without an end."""

    silent: ClassVar[dict[LimitedProtocol, None]] = {}
    """Connections that have sent no request yet, the oldest first."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Stop waiting once the head of a request is whole; its body may take longer."""
        before = self.cycle
        super().handle_events()
        if self.cycle is not before:
            self._stop_waiting()

    def _wait_for_head(self) -> None:
        if self in self.silent:
            return
        self.silent[self] = None
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._close)
        if len(self.silent) > MOST_SILENT:
            next(iter(self.silent))._close()  # noqa: SLF001 (its own kind)

    def _stop_waiting(self) -> None:
        self.silent.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()

    def _close(self) -> None:
        self._stop_waiting()
        self.transport.abort()
