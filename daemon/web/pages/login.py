"""Logging in and out: by the token, or by a link that works once."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daemon.web.site.context import site_of
from daemon.web.site.credentials import COOKIE_SECONDS
from daemon.web.site.forms import read_form
from daemon.web.site.guard import cookie_name
from daemon.web.site.places import own_place
from daemon.web.site.rendering import render

_WRONG_SECONDS = 0.5
"""Delay after a wrong token."""


async def show(request: Request) -> Response:
    """The form; or a link's target, for a link that has not been used."""
    link = request.query_params.get("link")
    if link is not None and site_of(request).credentials.use_link(link, time.time()):
        return _welcome(request, "")
    target = own_place(request.query_params.get("next", ""))
    problem = None if link is None else "This link has been used, or is too old. Use another one, or the token."
    return render(request, "login.html", target=target, problem=problem)


async def log_in(request: Request) -> Response:
    """Compare the token."""
    form = await read_form(request)
    target = own_place(form.get("next", [""])[0])
    if site_of(request).credentials.is_token(form.get("token", [""])[0].strip()):
        return _welcome(request, target)
    await asyncio.sleep(_WRONG_SECONDS)
    return render(request, "login.html", 403, target=target, problem="This is not the token.")


async def log_out(request: Request) -> Response:
    """Have the browser forget its cookie."""
    web = site_of(request).config.web
    answer = RedirectResponse("login", 303)
    answer.delete_cookie(cookie_name(web), web.root_path or "/")
    return answer


def _welcome(request: Request, target: str) -> Response:
    site = site_of(request)
    web = site.config.web
    answer = RedirectResponse(f"./{target}", 303)
    answer.set_cookie(
        cookie_name(web),
        site.credentials.make_cookie(time.time()),
        max_age=COOKIE_SECONDS,
        path=web.root_path or "/",
        secure=request.scope["is_secure"],
        httponly=True,
        samesite="strict",
    )
    return answer
