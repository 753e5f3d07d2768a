"""The page's address, and links that log in."""

from __future__ import annotations

from daemon.config.web_settings import Web
from daemon.web.site.credentials import Credentials


def link_of(web: Web, credentials: Credentials, now: float, port: int | None = None) -> str:
    """A link that logs in once; `port` is the one that was taken where the configuration leaves that open (0).

    Raises:
        AccessError: the state folder cannot be written.

    """
    return f"{address_of(web, port)}login?link={credentials.make_link(now)}"


def address_of(web: Web, port: int | None = None) -> str:
    """The page's address for a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(web.host, web.host)  # noqa: S104 (not bound here)
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port or web.port}/"
