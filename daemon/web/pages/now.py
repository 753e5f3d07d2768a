"""The first page: what tintd is doing, and why it waits."""

from __future__ import annotations

import time
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from daemon.journal.listing import JobFilter, list_jobs
from daemon.web.media.preview_worker import PreviewError
from daemon.web.site.context import Site, site_of
from daemon.web.site.feed import Snapshot
from daemon.web.site.job_files import found_job
from daemon.web.site.reading import facts_of, reading, running_facts
from daemon.web.site.rendering import render

_SHOWN = 24
"""Running files that are shown at most, and waiting ones."""


async def show(request: Request) -> Response:
    """The page, or the part of it that changes."""
    site = site_of(request)
    snapshot = site.feed.latest.snapshot
    values = await run_in_threadpool(_read, site, snapshot)
    return render(
        request,
        "now.html",
        snapshot=snapshot,
        rooms=await site.rooms.now(),
        segments=await site.frames.segments(values["records"], values["journal_id"]),
        folders=site.config.folders,
        now=time.time(),
        **values,
    )


async def frame(request: Request) -> Response:
    """A JPEG of a frame that was coloured a moment ago, of a film that runs."""
    site = site_of(request)
    job = await found_job(request)
    segment = site.frames.segment(job.id)
    if segment is None:
        raise HTTPException(404, "No part of this film is finished yet.")
    try:
        path = await site.previews.still(await site.previews.segment(job, segment), "small")
    except PreviewError as error:
        raise HTTPException(404, str(error)) from error
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


def _read(site: Site, snapshot: Snapshot | None) -> dict[str, Any]:
    with reading(site.config) as journal:
        running = list_jobs(journal, JobFilter(("running",)), _SHOWN).jobs
        waiting = list_jobs(journal, JobFilter(("waiting", "held")), _SHOWN).jobs
        return {
            "records": running,
            "running": [running_facts(job, snapshot) for job in running],
            "waiting": [facts_of(job) | {"name": str(job.path)} for job in waiting],
            "recent": list_jobs(journal, JobFilter(("done",)), 6).jobs,
            "queues": journal.pending_by_folder(),
            "journal_id": journal.id,
        }
