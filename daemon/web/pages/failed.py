"""The files that have failed or were skipped: why, and what to do."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from daemon.journal.states import State
from daemon.web.pages.done import filter_of
from daemon.web.site.context import site_of
from daemon.web.site.reading import page_with_counts
from daemon.web.site.rendering import render

_SIZE = 50
"""Rows of a page."""


async def show(request: Request) -> Response:
    """A page of the list."""
    site, query = site_of(request), request.query_params
    state: State = "skipped" if query.get("state") == "skipped" else "failed"
    wanted = filter_of(query, (state,))
    page, counts = await run_in_threadpool(page_with_counts, site.config, wanted, _SIZE, query.get("after", ""))
    following = urlencode({"state": state, "q": query.get("q", ""), "after": str(page.next)}) if page.next else None
    return render(
        request, "failed.html", jobs=page.jobs, counts=counts, state=state, text=query.get("q", ""), following=following
    )
