"""The wall of results, newest first, and the search in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from daemon.journal.listing import JobFilter
from daemon.journal.states import STATES, State
from daemon.web.site.context import site_of
from daemon.web.site.reading import page_with_counts
from daemon.web.site.rendering import render

_SIZE = 48
"""Tiles of a page."""


async def show(request: Request) -> Response:
    """A page of the wall."""
    site, query = site_of(request), request.query_params
    wanted = filter_of(query, ("done",))
    page, counts = await run_in_threadpool(page_with_counts, site.config, wanted, _SIZE, query.get("after", ""))
    fields = {name: query.get(name, "") for name in ("q", "folder", "from", "to", "state")}
    kept = {name: value for name, value in fields.items() if value}
    return render(
        request,
        "done.html",
        jobs=page.jobs,
        following=urlencode(kept | {"after": str(page.next)}) if page.next else None,
        is_first="after" not in query,
        fields=fields,
        is_searched=bool(kept),
        folders=site.config.folders,
        counts=counts,
        states=STATES,
    )


def filter_of(query: QueryParams, states: tuple[State, ...]) -> JobFilter:
    """The filter that a search form describes; what makes no sense in it is left out."""
    chosen = tuple(state for state in STATES if state == query.get("state")) or states
    folder = query.get("folder")
    since, before = _day(query.get("from", "")), _day(query.get("to", ""))
    return JobFilter(
        chosen,
        query.get("q", "")[:200],
        Path(folder) if folder else None,
        since.timestamp() if since else None,
        (before + timedelta(days=1)).timestamp() if before else None,
    )


def _day(text: str) -> datetime | None:
    """The beginning of a day (2026-01-31) on the clock of this machine."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        return None
