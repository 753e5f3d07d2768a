"""The main function of the page's process, which the service starts; Starlette is loaded in this process only."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import structlog

from colorizer.errors import TintdError
from daemon.config.settings import Config
from daemon.runtime.log import configure_log
from daemon.runtime.parent_death import end_with_parent

REFUSED = 3
"""Exit status of a page that cannot be served as it is configured; it has said why."""

_log = structlog.get_logger()


def main(config: Config, path: Path) -> None:
    """Serve the page until SIGTERM, or until the service ends."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it reaches the whole group; the service decides
    end_with_parent()
    configure_log(config.log)
    from daemon.web.server import serve  # noqa: PLC0415 (the service imports this module)

    try:
        serve(config, path, is_child=True)
    except TintdError as error:
        _log.error("no web page", reason=str(error))
        sys.exit(REFUSED)
