"""The settings that are in force, read only, and what `tintd check` says about them."""

from __future__ import annotations

import asyncio
import json
import sys
import time

import yaml
from starlette.requests import Request
from starlette.responses import Response

from daemon.web.site.context import Site, site_of
from daemon.web.site.rendering import render

_CHECK_SECONDS = 120.0
"""Seconds within which a check ends: it loads the weights."""
_KEPT_SECONDS = 60.0
"""How long an answer of a check is shown again."""
_checks: dict[int, tuple[float, list[tuple[str, str]]]] = {}
_lock = asyncio.Lock()


async def show(request: Request) -> Response:
    """The page; the check comes later, for it takes seconds."""
    config = site_of(request).config
    sections = json.loads(config.model_dump_json())
    texts = {name: yaml.safe_dump(value, sort_keys=False, allow_unicode=True) for name, value in sections.items()}
    return render(request, "settings.html", sections=texts, findings=None)


async def check(request: Request) -> Response:
    """The page with what the check says."""
    site = site_of(request)
    async with _lock:
        made, findings = _checks.get(id(site), (0.0, []))
        if not findings or time.monotonic() > made + _KEPT_SECONDS:
            findings = await _checked(site)
            _checks[id(site)] = time.monotonic(), findings
    return render(request, "check.html", findings=findings)


async def _checked(site: Site) -> list[tuple[str, str]]:
    """Run `tintd check` in a process of its own, for it loads what decodes media; returns levels and sentences."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "daemon", "check", "--config", str(site.path)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, errors = await asyncio.wait_for(process.communicate(), _CHECK_SECONDS)
    except TimeoutError:
        process.kill()
        return [("BAD", "the check has not ended in time")]
    found = []
    for line in said.decode(errors="replace").splitlines():
        level, _, text = line.partition(" ")
        if level in {"ok", "warning", "BAD"}:
            found.append((level, text.strip()))
        elif found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
    return found or [("BAD", errors.decode(errors="replace").strip()[-500:] or "the check said nothing")]
