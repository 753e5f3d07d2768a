"""The page on which files are dropped."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.site.context import Site, site_of
from daemon.web.site.rendering import render


async def show(request: Request) -> Response:
    """The page."""
    site = site_of(request)
    return render(
        request, "drop.html", places=await run_in_threadpool(_places, site), most=site.config.web.upload_mib << 20
    )


def _places(site: Site) -> list[dict[str, object]]:
    """The watched folders, with what may be uploaded there."""
    return [
        {"input": folder.input, "problem": site.uploads.problem(folder), "room": site.uploads.room(folder)}
        for folder in site.config.folders
    ]
