"""The page's address, and links that log in."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from daemon.config.web_settings import Web
from daemon.web.site.credentials import Credentials

_PATIENCE = 5.0
"""Seconds for which an answer is waited for."""
_MOST = 1 << 12
"""Bytes of an answer that are read."""


def link_of(web: Web, credentials: Credentials, now: float, port: int | None = None) -> str:
    """A link that logs in once; `port` is the one that was taken where the configuration leaves that open (0).

    Raises:
        AccessError: the state folder cannot be written.

    """
    return f"{address_of(web, port)}login?link={credentials.make_link(now)}"


def is_served(web: Web) -> bool:
    """Whether a page of tintd answers at the configured address."""
    if web.port == 0:  # its log says which port it has taken
        return False
    address = urlsplit(address_of(web))
    connection = HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return bool(json.loads(connection.getresponse().read(_MOST)) == {"status": "healthy"})
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()


def address_of(web: Web, port: int | None = None) -> str:
    """The page's address for a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104 (not bound here)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port or web.port}/"
