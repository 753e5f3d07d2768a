"""The page of one file: before and after, its report, its attempts."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from colorizer.photo.formats import is_named_as_photo
from daemon.config.colour_choice import ColourChoice
from daemon.journal.records import JobRecord
from daemon.web.media.preview_worker import PreviewError
from daemon.web.media.previews import Source, Which
from daemon.web.site.context import Site, site_of
from daemon.web.site.job_files import PLAYABLE, UNKNOWN, found_job
from daemon.web.site.reading import facts_of, job_with_attempts, running_facts
from daemon.web.site.rendering import render


async def show(request: Request) -> Response:
    """The page."""
    site = site_of(request)
    found = await run_in_threadpool(job_with_attempts, site.config, request.path_params["job"])
    if found is None:
        raise HTTPException(404, UNKNOWN)
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


async def make_clips(request: Request) -> Response:
    """Have small copies made of both films."""
    job, previews = await found_job(request), site_of(request).previews
    try:
        for which in _WHICH:
            await previews.make_clip(await previews.source(job, which))
    except PreviewError as error:
        raise HTTPException(409, str(error)) from error
    return RedirectResponse(f"../{job.id}", 303)


_WHICH: tuple[Which, ...] = ("before", "after")


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
