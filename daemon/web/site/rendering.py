"""HTML from templates: text from outside is escaped, and shown as people can see it."""

from __future__ import annotations

import hashlib
import time
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from daemon.control.status import describe_line
from daemon.journal.job_log import LogLine
from daemon.web.site.context import site_of
from daemon.web.site.places import to_root
from daemon.web.site.reading import shown

_PAGES = (("", "Now"), ("done", "Done"), ("failed", "Failed"), ("drop", "Drop"), ("settings", "Settings"))
"""The pages in the menu, by their paths."""
_HERE = Path(__file__).parents[1]
STATIC = _HERE / "static"


def make_templates() -> Environment:
    """The templates, with the filters that they use."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    made.filters |= {"ago": ago, "day": day, "size": size, "span": span, "number": number, "clock": clock, "line": line}
    made.globals |= {"version": static_version(), "pages": _PAGES}
    return made


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:  # noqa: ANN401
    """A page from a template; `root` leads to the page's root, from wherever it is shown."""
    site = site_of(request)
    is_whole = request.headers.get("hx-request") != "true"
    path, query = request.url.path, request.url.query
    place = path.lstrip("/") + (f"?{query}" if query else "")
    html = site.templates.get_template(template).render(root=to_root(path), place=place, is_whole=is_whole, **values)
    return HTMLResponse(html, status, {"Vary": "HX-Request"})


@cache
def static_version() -> str:
    """A text that changes with the static files: browsers keep them until then."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def ago(when: float) -> str:
    """How long ago something was, in words."""
    seconds = time.time() - when
    for length, name in ((86_400 * 2, "days"), (3600 * 2, "hours"), (120, "minutes")):
        if seconds >= length:
            unit = {"days": 86_400, "hours": 3600, "minutes": 60}[name]
            return f"{seconds / unit:.0f} {name} ago"
    return "just now" if seconds >= 0 else "soon"


def day(when: float) -> str:
    """A time on the clock of this machine."""
    return f"{datetime.fromtimestamp(when, tz=UTC).astimezone():%Y-%m-%d %H:%M}"


def clock(when: float) -> str:
    """The time of a day on the clock of this machine."""
    return f"{datetime.fromtimestamp(when, tz=UTC).astimezone():%H:%M:%S}"


def line(entry: LogLine) -> list[str]:
    """A line of a job's log: its lines, as people can see them."""
    return [shown(text) for text in describe_line(asdict(entry)).splitlines()]


def span(seconds: float) -> str:
    """A duration, as short as people say it."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes > 600 else f"{minutes / 60:.1f} h"


def size(count: float) -> str:
    """A number of bytes."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit in {"bytes", "KiB"} or count >= 10 else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def number(count: float) -> str:
    """A number with commas between thousands."""
    return f"{count:,.0f}"


def _visible(value: object) -> object:
    """What a template prints: plain text may contain bytes of a file's name that no page can."""
    return shown(str(value)) if type(value) is str or isinstance(value, PurePath) else value
