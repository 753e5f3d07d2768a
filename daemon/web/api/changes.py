"""Changes that programs ask for: of files, and of the whole service."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from daemon.control.requests import Action
from daemon.web.api.answers import answer, number_in
from daemon.web.site.asking import ask_service
from daemon.web.site.context import site_of
from daemon.web.site.models import AppliedModel
from daemon.web.site.reading import job_with_attempts

JOB_ACTIONS = {
    "retry": Action.RETRY,
    "recolor": Action.RECOLOR,
    "cancel": Action.CANCEL,
    "forget": Action.FORGET,
    "front": Action.FRONT,
}
_WEEK = 7 * 24 * 60


async def change_job(request: Request) -> Response:
    """POST /jobs/{job}/ACTION."""
    config, number = site_of(request).config, request.path_params["job"]
    action = JOB_ACTIONS[request.url.path.rpartition("/")[2]]
    if await run_in_threadpool(job_with_attempts, config, number) is None:
        raise HTTPException(404, "There is no such file in the journal.")
    return answer(AppliedModel.model_validate(await ask_service(config, action, f"id:{number}")))


async def pause(request: Request) -> Response:
    """POST /pause: start no more files, or none for some minutes."""
    minutes = str(number_in(request, "minutes", 1, _WEEK)) if "minutes" in request.query_params else "*"
    return answer(AppliedModel.model_validate(await ask_service(site_of(request).config, Action.PAUSE, minutes)))


async def resume(request: Request) -> Response:
    """POST /resume: start files again."""
    return answer(AppliedModel.model_validate(await ask_service(site_of(request).config, Action.RESUME)))
