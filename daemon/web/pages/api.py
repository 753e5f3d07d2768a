"""The page that shows the programming interface."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from daemon.web.api.openapi import description
from daemon.web.site.context import site_of
from daemon.web.site.guard import cookie_name
from daemon.web.site.rendering import render


async def show(request: Request) -> Response:
    """The page: every path with its parameters and the fields of its answer."""
    return render(request, "api.html", described=description(cookie_name(site_of(request).config.web)))
