"""The page of one file: before and after, its report, its attempts; and its media."""

from __future__ import annotations

from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse

from colorizer.frame_sequence import is_sequence
from colorizer.photo.formats import is_named_as_photo
from daemon.config.colour_choice import ColourChoice
from daemon.journal.records import JobRecord
from daemon.web.site.context import Site, site_of
from daemon.web.site.folder_archive import archived
from daemon.web.site.preview_worker import PreviewError
from daemon.web.site.previews import Source, Which
from daemon.web.site.reading import facts_of, job_at, job_with_attempts, running_facts, shown
from daemon.web.site.rendering import render

PLAYABLE = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm"}
"""Films that browsers may play as they are, by their suffix."""


async def show(request: Request) -> Response:
    """The page."""
    site = site_of(request)
    found = await run_in_threadpool(job_with_attempts, site.config, request.path_params["job"])
    if found is None:
        raise HTTPException(404, _UNKNOWN)
    job, attempts = found
    sources = {which: await _looked_up(site, job, which) for which in _WHICH}
    is_photo = is_named_as_photo(job.path)
    has_films = job.state == "done" and not is_photo
    films = {which: await _film(site, source) for which, source in sources.items()} if has_films else {}
    return render(
        request,
        "job.html",
        job=job,
        facts=facts_of(job),
        running=running_facts(job, site.feed.latest.snapshot) if job.state == "running" else None,
        attempts=attempts,
        choice=_chosen(job),
        is_photo=is_photo,
        films=films,
        is_making=any(isinstance(film["state"], float) for film in films.values()),
        missing=_problem(sources["before"]),
        result_missing=_problem(sources["after"]) if job.state == "done" else None,
    )


async def still(request: Request) -> Response:
    """A JPEG of the original or of the result."""
    previews, size = site_of(request).previews, "small" if "small" in request.query_params else "large"
    try:
        path = await previews.still(await previews.source(await found_job(request), _which(request)), size)
    except PreviewError as error:
        return PlainTextResponse(f"{shown(str(error))}\n", 404)
    return FileResponse(path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=60"})


async def media(request: Request) -> Response:
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


async def make_clips(request: Request) -> Response:
    """Have small copies made of both films."""
    job, previews = await found_job(request), site_of(request).previews
    try:
        for which in _WHICH:
            await previews.make_clip(await previews.source(job, which))
    except PreviewError as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"../{job.id}", 303)


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
        raise HTTPException(404, _UNKNOWN)
    return found


_WHICH: tuple[Which, ...] = ("before", "after")
_UNKNOWN = "The journal knows no such file: it may have changed, or been forgotten."


async def _looked_up(site: Site, job: JobRecord, which: Which) -> Source | PreviewError:
    """The original or the result, or why it cannot be shown."""
    try:
        return await site.previews.source(job, which)
    except PreviewError as error:
        return error


async def _film(site: Site, source: Source | PreviewError) -> dict[str, object]:
    """Whether a film can be played, and how far its small copy is."""
    if isinstance(source, PreviewError):
        return {"plays": False, "state": str(source), "is_copy": False}
    is_copy = await site.previews.clip(source) is not None
    state = None if is_copy else site.previews.clip_state(source)
    return {"plays": is_copy or source.path.suffix.lower() in PLAYABLE, "state": state, "is_copy": is_copy}


def _chosen(job: JobRecord) -> dict[str, str]:
    """The settings that a person chose for the file, by their names in words."""
    chosen = {} if job.choice is None else ColourChoice.model_validate_json(job.choice).model_dump(exclude_none=True)
    return {name.replace("_", " "): str(value) for name, value in chosen.items()}


def _problem(source: Source | PreviewError) -> str | None:
    """Why a file cannot be shown."""
    return str(source) if isinstance(source, PreviewError) else None


def _which(request: Request) -> Which:
    return "after" if request.path_params["which"] == "after" else "before"
