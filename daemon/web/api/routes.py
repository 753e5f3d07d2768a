"""The paths of the programming interface."""

from __future__ import annotations

from starlette.routing import Route

from daemon.web.api import changes, events, jobs, openapi, status, uploads
from daemon.web.site import job_files

ROUTES = [
    Route("/status", status.show),
    Route("/jobs", jobs.show_list),
    Route("/jobs/{job:int}", jobs.show),
    Route("/jobs/{job:int}/preview/{which}.jpg", job_files.still),
    *(Route(f"/jobs/{{job:int}}/{name}", changes.change_job, methods=["POST"]) for name in changes.JOB_ACTIONS),
    Route("/pause", changes.pause, methods=["POST"]),
    Route("/resume", changes.resume, methods=["POST"]),
    Route("/openapi.json", openapi.show),
    Route("/events", events.stream),
    Route("/uploads", uploads.create, methods=["POST", "OPTIONS"]),
    Route("/uploads/{id}", uploads.continue_, methods=["HEAD", "PATCH", "DELETE"]),
]
