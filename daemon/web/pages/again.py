"""Colouring a file again: a trial with other settings beside its present result, then the button that does it."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from colorizer.errors import SettingsError
from colorizer.photo.formats import is_named_as_photo
from daemon.config.colour_choice import ColourChoice, choice_of, read_choice, with_choice
from daemon.control.requests import Action
from daemon.journal.records import JobRecord
from daemon.web.media.preview_worker import PreviewError
from daemon.web.media.trials import Side, Trial
from daemon.web.site.asking import ask_service
from daemon.web.site.context import Site, site_of
from daemon.web.site.forms import read_form
from daemon.web.site.job_files import found_job
from daemon.web.site.rendering import render


async def show(request: Request) -> Response:
    """The page: the form, and the trial of the settings in the address."""
    site, job = site_of(request), await found_job(request)
    present = _present(site, job)
    given = {name: request.query_params.get(name, str(value)) for name, value in present.model_dump().items()}
    problem, trial = None, None
    try:
        choice = read_choice(given)
        trial = await site.trials.state(job, choice)
    except (SettingsError, PreviewError) as error:
        problem = str(error)
    return _page(request, job, given, trial, problem)


async def do(request: Request) -> Response:
    """Have the trial made, or have the file coloured with its settings."""
    site, job = site_of(request), await found_job(request)
    form = await read_form(request)
    given = {name: form.get(name, ["auto"])[0].strip() for name in _present(site, job).model_dump()}
    try:
        choice = read_choice(given)
        if form.get("do") == ["recolor"]:
            await ask_service(site.config, Action.RECOLOR, f"id:{job.id}", choice=choice.model_dump())
            return RedirectResponse(f"../{job.id}", 303)
        await site.trials.begin(job, choice)
    except (SettingsError, PreviewError) as error:
        return _page(request, job, given, None, str(error))
    return RedirectResponse(f"again?{urlencode(choice.model_dump())}", 303)


async def picture(request: Request) -> Response:
    """One side of a trial: a JPEG, or an MP4 with ranges."""
    job = await found_job(request)
    side: Side = "new" if request.path_params["side"] == "new" else "present"
    try:
        path = await site_of(request).trials.path(job, read_choice(dict(request.query_params)), side)
    except (SettingsError, PreviewError) as error:
        raise HTTPException(404, str(error)) from error
    kind = "image/jpeg" if path.suffix == ".jpg" else "video/mp4"
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=60"})


def _present(site: Site, job: JobRecord) -> ColourChoice:
    """The settings of a file as they are: those chosen for it, else those of its folder."""
    folder = site.config.folder_at(job.folder)
    if folder is None:
        raise HTTPException(409, "The folder of this file is no longer in the configuration.")
    chosen = None if job.choice is None else ColourChoice.model_validate_json(job.choice)
    return choice_of(folder if chosen is None else with_choice(folder, chosen))


def _page(
    request: Request, job: JobRecord, given: dict[str, str], trial: Trial | None, problem: str | None
) -> Response:
    return render(
        request,
        "again.html",
        422 if problem else 200,
        job=job,
        given=given,
        query=urlencode(given),
        trial=trial,
        problem=problem,
        is_photo=is_named_as_photo(job.path),
    )
