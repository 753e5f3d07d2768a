"""The page as a Starlette application: its routes, and what is said when something is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from daemon.config.settings import Config
from daemon.journal.database import JournalError
from daemon.web.api import routes as api_routes
from daemon.web.media.disks import Disks
from daemon.web.media.latest_frames import LatestFrames
from daemon.web.media.previews import Previews
from daemon.web.media.trials import Trials
from daemon.web.pages import routes as page_routes
from daemon.web.site.context import Site
from daemon.web.site.credentials import Credentials
from daemon.web.site.feed import Feed
from daemon.web.site.guard import Guard
from daemon.web.site.rendering import STATIC, make_templates, render
from daemon.web.site.room import Rooms
from daemon.web.site.uploads import Uploads


def make_app(config: Config, path: Path, credentials: Credentials) -> Starlette:
    """The page of a service, whose configuration was read from a path."""
    feed = Feed(config.control_socket)

    @asynccontextmanager
    async def following(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(feed.follow())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    app = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Mount("/static", StaticFiles(directory=STATIC)),
            Mount("/api/v1", routes=api_routes.ROUTES),
            *page_routes.ROUTES,
        ],
        middleware=[Middleware(Guard, web=config.web, credentials=credentials)],
        exception_handlers={JournalError: _journal_problem, HTTPException: _problem, Exception: _unexpected},
        lifespan=following,
    )
    places = [place for folder in config.folders for place in (folder.input, folder.output)]
    disks = Disks()
    previews = Previews(config, disks)
    app.state.site = Site(
        config,
        path,
        credentials,
        feed,
        previews,
        Trials(config, previews),
        LatestFrames(config, disks),
        Uploads(config),
        Rooms([*places, config.state], disks),
        make_templates(),
    )
    return app


def _healthz(_request: Request) -> Response:
    """The health of the page alone: that of the service is at the service."""
    return JSONResponse({"status": "healthy"})


def _journal_problem(request: Request, error: Exception) -> Response:
    return _said(request, 503, "The journal cannot be read", str(error))


def _problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    title = {404: "There is nothing here", 405: "That cannot be done here"}.get(status, "That did not work")
    return _said(request, status, title, detail)


def _unexpected(request: Request, _error: Exception) -> Response:
    """An error in the code: its traceback is in the log."""
    if _is_for_program(request):
        return JSONResponse({"error": "an unexpected error; the log has it"}, 500)
    return PlainTextResponse("An unexpected error. The log of the service has it.\n", 500)


def _said(request: Request, status: int, title: str, text: str) -> Response:
    if _is_for_program(request):
        return JSONResponse({"error": text or title}, status)
    return render(request, "problem.html", status, title=title, text=text)


def _is_for_program(request: Request) -> bool:
    return request.url.path.startswith("/api/")
