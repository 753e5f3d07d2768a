"""Requests of the page to the service, over the control socket as every command sends them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from daemon.config.settings import Config
from daemon.control.control_socket import Answer, ControlError, ask
from daemon.control.requests import Action

_AT_ONCE = 150
"""Job numbers in one request, so that its pattern keeps the control socket's limit."""


async def ask_service(config: Config, action: Action, pattern: str = "*", **details: object) -> Answer:
    """Have the service do something; returns what it has done. Details are further fields of the request.

    Raises:
        HTTPException: no service runs, or it refuses.

    """
    try:
        answer = await run_in_threadpool(partial(ask, config.control_socket, action, pattern=pattern, **details))
    except ControlError as error:
        raise HTTPException(409, str(error)) from error
    if answer is None:
        raise HTTPException(503, "The service is not running; `tintd run` starts it.")
    return answer


async def ask_about(config: Config, action: Action, jobs: Sequence[int]) -> int:
    """Have the service do something to jobs; returns to how many it was done.

    Raises:
        HTTPException: no service runs, or it refuses.

    """
    total = 0
    for start in range(0, len(jobs), _AT_ONCE):
        numbers = ",".join(map(str, jobs[start : start + _AT_ONCE]))
        total += (await ask_service(config, action, f"id:{numbers}"))["files"] or 0
    return total
