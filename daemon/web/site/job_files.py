"""The files of one job, sent to a browser or a program: its pictures, its films, and its result."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response, StreamingResponse

from colorizer.frame_sequence import is_sequence
from daemon.journal.records import JobRecord
from daemon.web.media.folder_archive import archived
from daemon.web.media.preview_worker import PreviewError
from daemon.web.media.previews import Which
from daemon.web.site.context import site_of
from daemon.web.site.reading import job_at, shown

PLAYABLE = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}
"""Films that browsers may play as they are, by their suffix."""
UNKNOWN = "The journal knows no such file: it may have changed, or been forgotten."
"""What a person is told about a job that there is not."""


async def still(request: Request) -> Response:
    """A JPEG of the original or of the result."""
    previews, size = site_of(request).previews, "small" if "small" in request.query_params else "large"
    try:
        path = await previews.still(await previews.source(await found_job(request), _which(request)), size)
    except PreviewError as error:
        return PlainTextResponse(f"{shown(str(error))}\n", 404)
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


async def film(request: Request) -> Response:
    """The film itself, with ranges; its small copy where there is one."""
    previews = site_of(request).previews
    try:
        source = await previews.source(await found_job(request), _which(request))
    except PreviewError as error:
        raise HTTPException(404, str(error)) from error
    copy = await previews.clip(source)
    kind = "video/mp4" if copy else PLAYABLE.get(source.path.suffix.lower())
    if kind is None:
        raise HTTPException(404, "There is no copy for browsers yet.")
    return FileResponse(copy or source.path, media_type=kind)


async def download(request: Request) -> Response:
    """The result as a file; a folder of frames as a ZIP."""
    try:
        path = (await site_of(request).previews.source(await found_job(request), "after")).path
    except PreviewError as error:
        raise HTTPException(404, str(error)) from error
    if is_sequence(path):
        name = quote(shown(f"{path.parent.name}.zip"))
        headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return StreamingResponse(archived(path.parent), media_type="application/zip", headers=headers)
    return FileResponse(path, media_type="application/octet-stream", filename=shown(path.name))


async def found_job(request: Request) -> JobRecord:
    """The job that an address names.

    Raises:
        HTTPException: there is none.

    """
    found = await run_in_threadpool(job_at, site_of(request).config, request.path_params["job"])
    if found is None:
        raise HTTPException(404, UNKNOWN)
    return found


def _which(request: Request) -> Which:
    return "after" if request.path_params["which"] == "after" else "before"
