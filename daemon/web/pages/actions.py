"""What the buttons of the pages do: pause, resume, retry, cancel, move to the front."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from daemon.control.requests import Action
from daemon.journal.states import State
from daemon.web.site.asking import ask_about, ask_service
from daemon.web.site.context import Site, site_of
from daemon.web.site.forms import read_form, read_number
from daemon.web.site.places import own_place
from daemon.web.site.reading import reading

_FOR_JOBS = {"retry": Action.RETRY, "cancel": Action.CANCEL, "front": Action.FRONT, "recolor": Action.RECOLOR}
_WHOLE_STATES: dict[str, State] = {"retry-failed": "failed", "retry-skipped": "skipped"}


async def do(request: Request) -> Response:
    """Do what the pressed button says, and show the page again on which it is."""
    form = await read_form(request)
    site, what = site_of(request), form.get("do", [""])[0]
    jobs = [number for number in map(read_number, form.get("job", [])) if number is not None]
    if what in {"pause", "pause-30"}:
        await ask_service(site.config, Action.PAUSE, minutes=30 if what == "pause-30" else None)
    elif what == "resume":
        await ask_service(site.config, Action.RESUME)
    elif what in _WHOLE_STATES:
        await ask_about(site.config, Action.RETRY, await run_in_threadpool(_all_in, site, _WHOLE_STATES[what]))
    elif what in _FOR_JOBS and jobs:
        await ask_about(site.config, _FOR_JOBS[what], jobs)
    elif what not in _FOR_JOBS:
        raise HTTPException(422, "There is no such action.")
    return RedirectResponse(f"./{own_place(form.get('back', [''])[0])}", 303)


def _all_in(site: Site, state: State) -> list[int]:
    with reading(site.config) as journal:
        return [job for job, _, _ in journal.paths(state)]
