"""Changes that programs ask for: of files, and of the whole service."""

from __future__ import annotations

import json

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from colorizer.errors import SettingsError
from daemon.config.colour_choice import read_choice
from daemon.control.requests import LONGEST_PAUSE, Action
from daemon.web.api.answers import answer, number_in
from daemon.web.site.asking import ask_service
from daemon.web.site.context import site_of
from daemon.web.site.forms import read_body
from daemon.web.site.models import AppliedModel
from daemon.web.site.reading import job_at

JOB_ACTIONS = {
    "retry": Action.RETRY,
    "recolor": Action.RECOLOR,
    "cancel": Action.CANCEL,
    "forget": Action.FORGET,
    "front": Action.FRONT,
}


async def change_job(request: Request) -> Response:
    """POST /jobs/{job}/ACTION."""
    config, number = site_of(request).config, request.path_params["job"]
    action = JOB_ACTIONS[request.url.path.rpartition("/")[2]]
    details = {"choice": await _choice_in(request)} if action is Action.RECOLOR else {}
    if await run_in_threadpool(job_at, config, number) is None:
        raise HTTPException(404, "There is no such file in the journal.")
    return answer(AppliedModel.model_validate(await ask_service(config, action, f"id:{number}", **details)))


async def pause(request: Request) -> Response:
    """POST /pause: start no more files, or none for some minutes."""
    minutes = number_in(request, "minutes", 1, LONGEST_PAUSE) if "minutes" in request.query_params else None
    asked = await ask_service(site_of(request).config, Action.PAUSE, minutes=minutes)
    return answer(AppliedModel.model_validate(asked))


async def _choice_in(request: Request) -> dict[str, object]:
    """The settings with which a file is to be coloured; none of them where the body is empty.

    Raises:
        HTTPException: they are not allowed.

    """
    try:
        return read_choice(json.loads(await read_body(request) or b"{}")).model_dump(exclude_none=True)
    except SettingsError as error:
        raise HTTPException(422, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise HTTPException(422, 'The body must be JSON, such as {"vividness": 0.5}.') from error


async def resume(request: Request) -> Response:
    """POST /resume: start files again."""
    return answer(AppliedModel.model_validate(await ask_service(site_of(request).config, Action.RESUME)))
