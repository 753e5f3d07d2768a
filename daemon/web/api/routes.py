"""The paths of the programming interface."""

from __future__ import annotations

from starlette.routing import Route

from daemon.web.api import events, jobs, status

ROUTES = [
    Route("/status", status.show),
    Route("/jobs", jobs.show_list),
    Route("/jobs/{job:int}", jobs.show),
    Route("/events", events.stream),
]
