"""Files as JSON: lists, and one with all its attempts."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daemon.control.status import attempt_facts
from daemon.journal.listing import JobFilter
from daemon.web.api.answers import answer, number_in
from daemon.web.site.context import site_of
from daemon.web.site.models import JobDetailModel, JobListModel, JobModel
from daemon.web.site.reading import facts_of, job_with_attempts, page_of, states_named

_MOST = 500
"""Files in one answer."""


async def show_list(request: Request) -> Response:
    """GET /jobs: a page of the list, the latest first."""
    query = request.query_params
    folder = Path(query["folder"]) if query.get("folder") else None
    wanted = JobFilter(states_named(query.get("state", "")), query.get("q", "")[:200], folder)
    size = number_in(request, "limit", 100, _MOST)
    page = await run_in_threadpool(page_of, site_of(request).config, wanted, size, query.get("cursor", ""))
    jobs = [JobModel.model_validate(facts_of(job)) for job in page.jobs]
    return answer(JobListModel(jobs=jobs, next=str(page.next) if page.next else None))


async def show(request: Request) -> Response:
    """GET /jobs/{job}: one file."""
    found = await run_in_threadpool(job_with_attempts, site_of(request).config, request.path_params["job"])
    if found is None:
        raise HTTPException(404, "There is no such file in the journal.")
    job, attempts = found
    history = [attempt_facts(attempt, log=True) for attempt in attempts]
    return answer(JobDetailModel.model_validate(facts_of(job) | {"history": history}))
