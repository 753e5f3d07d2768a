"""The paths of the pages."""

from __future__ import annotations

from starlette.routing import Route

from daemon.web.pages import actions, again, api, done, drop, failed, job, login, now, settings
from daemon.web.site import job_files

ROUTES = [
    Route("/", now.show),
    Route("/done", done.show),
    Route("/failed", failed.show),
    Route("/settings", settings.show),
    Route("/settings/check", settings.check),
    Route("/api", api.show),
    Route("/drop", drop.show),
    Route("/actions", actions.do, methods=["POST"]),
    Route("/jobs/{job:int}", job.show),
    Route("/jobs/{job:int}/preview/{which}.jpg", job_files.still),
    Route("/jobs/{job:int}/media/{which}", job_files.film),
    Route("/jobs/{job:int}/clips", job.make_clips, methods=["POST"]),
    Route("/jobs/{job:int}/download", job_files.download),
    Route("/jobs/{job:int}/frame.jpg", now.frame),
    Route("/jobs/{job:int}/again", again.show, methods=["GET"]),
    Route("/jobs/{job:int}/again", again.do, methods=["POST"]),
    Route("/jobs/{job:int}/again/{side}", again.picture),
    Route("/login", login.show, methods=["GET"]),
    Route("/login", login.log_in, methods=["POST"]),
    Route("/logout", login.log_out, methods=["POST"]),
]
