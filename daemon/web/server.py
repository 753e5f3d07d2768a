"""Serves the page: the address is bound, and uvicorn runs until it is told to stop."""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from pathlib import Path

import structlog
import uvicorn

from colorizer.errors import TintdError
from daemon.config.settings import Config
from daemon.config.web_settings import Web
from daemon.files.text import in_words
from daemon.web.app import make_app
from daemon.web.client_limits import LimitedProtocol
from daemon.web.site.addresses import address_of, link_of
from daemon.web.site.credentials import Credentials, open_credentials

_BACKLOG = 512
"""Connections that wait in the kernel's queue."""
_MOST_CONNECTIONS = 900
"""Connections at a time; further ones get the answer 503. A process may have 1024 open files as a rule."""

_log = structlog.get_logger()


class PageError(TintdError):
    """The page cannot be served."""


def serve(config: Config, path: Path, *, is_child: bool) -> None:
    """Serve the page until SIGTERM (or, on a terminal, SIGINT).

    Args:
        config: the address, and where journal and control socket are.
        path: the file of the configuration.
        is_child: whether the service has started this process, and decides when it ends.

    Raises:
        PageError: the address is taken, or is not one of this machine's.
        AccessError: the page would be open to everyone.

    """
    credentials = open_credentials(config)
    listening = bind(config.web)
    server = make_server(config, path, credentials)
    # Requests that the server's end cancels (open pages) are no errors.
    logging.getLogger("uvicorn.error").addFilter(lambda _record: not server.should_exit)
    if is_child:  # Ctrl-C reaches this process too; the service may still finish its jobs
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        uvicorn.server.HANDLED_SIGNALS = (signal.SIGTERM,)  # type: ignore[assignment]
    _announce(config.web, listening.getsockname()[1], credentials)
    server.run([listening])


def make_server(config: Config, path: Path, credentials: Credentials) -> uvicorn.Server:
    """The server of a page; it keeps its limits whatever its clients do."""
    return uvicorn.Server(
        uvicorn.Config(
            make_app(config, path, credentials),
            http=LimitedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=1,
        )
    )


def _announce(web: Web, port: int, credentials: Credentials) -> None:
    """Say where the page is; a log that others may read gets no link that logs in."""
    if "JOURNAL_STREAM" in os.environ:
        _log.info(
            "web page", address=address_of(web, port), log_in="`tintd web --link` prints a link that logs in once"
        )
    else:
        _log.info("web page", process=os.getpid(), log_in_once=link_of(web, credentials, time.time(), port))


def bind(web: Web) -> socket.socket:
    """A socket that listens at the configured address.

    Raises:
        PageError: the address is taken, or is not one of this machine's.

    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((web.host, web.port))
        listening.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listening.close()
        raise PageError(
            f"web.address {web.address}: {in_words(error)}; choose another port, or set `web.address: off`"
        ) from error
    return listening
