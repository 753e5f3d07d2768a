"""The page of one file: before and after, its report, its attempts; and its media."""

from __future__ import annotations

from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from colorizer.photo.formats import is_named_as_photo
from daemon.config.colour_choice import ColourChoice
from daemon.journal.records import JobRecord
from daemon.web.site.context import Site, site_of
from daemon.web.site.preview_worker import PreviewError
from daemon.web.site.previews import Which
from daemon.web.site.reading import facts_of, job_with_attempts, shown
from daemon.web.site.rendering import render

PLAYABLE = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}
"""Films that browsers may play as they are, by their suffix."""


async def show(request: Request) -> Response:
    """The page."""
    site = site_of(request)
    job, attempts = await _found(request)
    is_photo = is_named_as_photo(job.path)
    films = {} if is_photo or job.state != "done" else {which: await _film(site, job, which) for which in _WHICH}
    return render(
        request,
        "job.html",
        job=job,
        facts=facts_of(job),
        attempts=attempts,
        choice=_chosen(job),
        is_photo=is_photo,
        films=films,
        is_making=any(isinstance(film["state"], float) for film in films.values()),
        missing=_missing(site, job, "before"),
        result_missing=_missing(site, job, "after") if job.state == "done" else None,
    )


async def still(request: Request) -> Response:
    """A JPEG of the original or of the result."""
    job, _ = await _found(request)
    try:
        size = "small" if "small" in request.query_params else "large"
        path = await site_of(request).previews.still(job, _which(request), size)
    except PreviewError as error:
        return PlainTextResponse(f"{shown(str(error))}\n", 404)
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


async def media(request: Request) -> Response:
    """The film itself, with ranges; its small copy where there is one."""
    job, _ = await _found(request)
    site, which = site_of(request), _which(request)
    try:
        copy = await site.previews.clip(job, which)
        path = copy or site.previews.source(job, which)
    except PreviewError as error:
        raise HTTPException(404, str(error)) from error
    kind = "video/mp4" if copy else PLAYABLE.get(path.suffix.lower())
    if kind is None:
        raise HTTPException(404, "There is no copy for browsers yet.")
    return FileResponse(path, media_type=kind)


async def make_clips(request: Request) -> Response:
    """Have small copies made of both films."""
    job, _ = await _found(request)
    try:
        for which in _WHICH:
            await site_of(request).previews.make_clip(job, which)
    except PreviewError as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"../{job.id}", 303)


async def download(request: Request) -> Response:
    """The result as a file."""
    job, _ = await _found(request)
    try:
        path = site_of(request).previews.source(job, "after")
    except PreviewError as error:
        raise HTTPException(404, str(error)) from error
    return FileResponse(path, media_type="application/octet-stream", filename=shown(path.name))


async def found_job(request: Request) -> JobRecord:
    """The job that an address names.

    Raises:
        HTTPException: there is none.

    """
    return (await _found(request))[0]


_WHICH: tuple[Literal["before", "after"], ...] = ("before", "after")


async def _found(request: Request) -> tuple[JobRecord, list[object]]:
    found = await run_in_threadpool(job_with_attempts, site_of(request).config, request.path_params["job"])
    if found is None:
        raise HTTPException(404, "The journal knows no such file: it may have changed, or been forgotten.")
    return found[0], list(found[1])


async def _film(site: Site, job: JobRecord, which: Which) -> dict[str, object]:
    """Whether a film can be played, and how far its small copy is."""
    try:
        copy = await site.previews.clip(job, which)
        source = site.previews.source(job, which)
        state = None if copy else await site.previews.clip_state(job, which)
    except PreviewError as error:
        return {"plays": False, "state": str(error), "is_copy": False}
    return {"plays": copy is not None or source.suffix.lower() in PLAYABLE, "state": state, "is_copy": copy is not None}


def _chosen(job: JobRecord) -> dict[str, str]:
    """The settings that a person chose for the file, by their names in words."""
    chosen = {} if job.choice is None else ColourChoice.model_validate_json(job.choice).model_dump()
    return {name.replace("_", " "): str(value) for name, value in chosen.items()}


def _missing(site: Site, job: JobRecord, which: Which) -> str | None:
    """Why the original or the result cannot be shown."""
    try:
        site.previews.source(job, which)
    except PreviewError as error:
        return str(error)
    return None


def _which(request: Request) -> Which:
    return "after" if request.path_params["which"] == "after" else "before"
