"""What the service does, as JSON."""

from __future__ import annotations

from dataclasses import asdict

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from daemon.config.pause import by_person
from daemon.control.control_socket import Answer
from daemon.web.api.answers import answer
from daemon.web.site.context import Site, site_of
from daemon.web.site.feed import Snapshot
from daemon.web.site.models import StatusModel
from daemon.web.site.reading import reading


async def show(request: Request) -> Response:
    """GET /status."""
    site = site_of(request)
    return answer(await run_in_threadpool(status_of, site, site.feed.latest.snapshot))


def status_of(site: Site, snapshot: Snapshot | None) -> StatusModel:
    """The status: from the service's last update, and from the journal where no service runs."""
    with reading(site.config) as journal:
        counts = journal.counts()
        asked = [asdict(pause) for pause in by_person(*journal.pause_by_person)]
    others: list[Answer] = [pause for pause in snapshot["paused"] if pause["by"] != "person"] if snapshot else []
    return StatusModel.model_validate({"counts": counts, "paused": asked + others, "service": snapshot})
