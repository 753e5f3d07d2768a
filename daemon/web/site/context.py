"""What all pages share: the configuration, the credentials, the service's updates and the templates."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from jinja2 import Environment
from starlette.requests import Request

from daemon.config.settings import Config
from daemon.web.media.latest_frames import LatestFrames
from daemon.web.media.previews import Previews
from daemon.web.media.trials import Trials
from daemon.web.site.credentials import Credentials
from daemon.web.site.feed import Feed
from daemon.web.site.room import Rooms
from daemon.web.site.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Site:
    """The page of one service."""

    config: Config
    path: Path
    """The file of the configuration."""
    credentials: Credentials
    feed: Feed
    previews: Previews
    trials: Trials
    frames: LatestFrames
    uploads: Uploads
    rooms: Rooms
    templates: Environment


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    return cast("Site", request.app.state.site)
