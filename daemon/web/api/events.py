"""The state of the service as server-sent events, as it changes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from daemon.web.site.context import site_of
from daemon.web.site.feed import Feed, Update

HEARTBEAT_SECONDS = 15.0
"""Seconds after which a comment is sent where nothing changes: a proxy would close the connection."""
_SPACING = 0.7
"""Seconds between two batches of events: a page reads the state anew at each, and drops those that follow at once."""
_MOST = 200
"""Streams at a time."""

_open: set[int] = set()


async def stream(request: Request) -> Response:
    """GET /events: each event `status` has the snapshot of the service, or null where none runs.

    A browser that comes back with `Last-Event-ID` gets what it has missed.

    """
    if len(_open) >= _MOST:
        raise HTTPException(503, "Too many pages are open; this one asks now and then instead.")
    last = request.headers.get("last-event-id")
    return StreamingResponse(
        _events(site_of(request).feed, last, id(request)),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


async def _events(feed: Feed, last: str | None, key: int) -> AsyncIterator[str]:
    _open.add(key)
    try:
        yield "retry: 3000\n\n"
        while True:
            if last == feed.latest.id:
                await feed.wait(HEARTBEAT_SECONDS)
            if last == feed.latest.id:
                yield ": still here\n\n"
                continue
            for update in feed.after(last):
                yield _event(update)
                last = update.id
            await asyncio.sleep(_SPACING)  # what changes meanwhile comes with the next batch
    finally:
        _open.discard(key)


def _event(update: Update) -> str:
    return f"id: {update.id}\nevent: status\ndata: {json.dumps(update.snapshot)}\n\n"
