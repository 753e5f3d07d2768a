"""The page on which files are dropped."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from daemon.web.site.context import site_of
from daemon.web.site.rendering import render


async def show(request: Request) -> Response:
    """The page: the watched folders, with what may be uploaded there."""
    site = site_of(request)
    places = await asyncio.gather(*map(site.uploads.place, site.config.folders))
    return render(request, "drop.html", places=places, most=site.config.web.upload_mib << 20)
