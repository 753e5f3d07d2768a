"""Who is let in: every request passes here first, and every answer leaves with the headers that protect its reader."""

from __future__ import annotations

import ipaddress
import re
import socket
import time
from typing import Literal
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daemon.config.web_settings import Web
from daemon.web.site.credentials import Credentials
from daemon.web.site.places import to_root

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_OPEN = ("/healthz", "/login", "/static/")
"""Paths for those who have not logged in."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self';"
        " font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


Visitor = Literal["program", "browser", "user"]
"""Who asks: one with a bearer token, which no other site can send, one with a cookie, or one whom a proxy names."""


class Guard:
    """The middleware around the page."""

    def __init__(self, app: ASGIApp, web: Web, credentials: Credentials) -> None:
        self._app = app
        self._web = web
        self._credentials = credentials
        self._hosts = known_hosts(web)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        root = self._web.root_path
        if root and f"{scope['path']}/".startswith(f"{root}/"):  # a proxy that passes its own path on
            scope = dict(scope) | {"path": scope["path"][len(root) :] or "/", "root_path": ""}
        request = Request(scope, receive)
        refusal = self._refusal(request)
        await (refusal or self._app)(scope, receive, _protected(send, scope["path"]))

    def _refusal(self, request: Request) -> Response | None:
        """The answer to a request that is not let in."""
        from_proxy = self._is_from_proxy(request)
        host = request.headers.get("x-forwarded-host" if from_proxy else "host") or request.headers.get("host", "")
        if not (from_proxy or host_name(host) in self._hosts or _is_address(host_name(host))):
            text = f"There is no page for the host {host_name(host)[:100]!r} here; name it in `web.hosts`.\n"
            return PlainTextResponse(text, 421)
        visitor = self._visitor(request, from_proxy=from_proxy)
        is_open = request.url.path in _OPEN or request.url.path.startswith(_OPEN[-1])
        if visitor is None and not is_open:
            return _ask_to_log_in(request)
        if request.method not in SAFE and visitor != "program" and not _is_same_origin(request, host):
            return PlainTextResponse("This request comes from another site, so it is refused.\n", 403)
        request.scope["is_secure"] = request.url.scheme == "https" or (
            from_proxy and request.headers.get("x-forwarded-proto") == "https"
        )
        return None

    def _visitor(self, request: Request, *, from_proxy: bool) -> Visitor | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return "program" if self._credentials.is_token(token.strip()) else None
        if from_proxy and self._web.users_header and request.headers.get(self._web.users_header):
            return "user"
        cookie = request.cookies.get(cookie_name(self._web), "")
        return "browser" if self._credentials.is_cookie(cookie, time.time()) else None

    def _is_from_proxy(self, request: Request) -> bool:
        try:
            peer = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(peer in network for network in self._web.trusted_proxies)


def known_hosts(web: Web) -> frozenset[str]:
    """The names under which browsers may ask: another name that leads here was made to fool a browser (rebinding)."""
    own = socket.gethostname().lower()
    return frozenset({"localhost", own, f"{own}.local", web.host.lower(), *(name.lower() for name in web.hosts)})


def host_name(host: str) -> str:
    """The name in HOST or HOST:PORT, without brackets; empty where a header has something else."""
    found = re.fullmatch(r"(\[[0-9a-f:]+\]|[^:@/]+)(:\d+)?", host.lower())
    return found[1].strip("[]") if found else ""


def cookie_name(web: Web) -> str:
    """The name of the cookie: browsers share cookies among the ports of a machine, and two services may run there."""
    return f"tintd_{web.port}"


def _is_address(name: str) -> bool:
    """Whether a name is a number, which nobody can lead elsewhere."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_same_origin(request: Request, host: str) -> bool:
    """Whether a change is asked for by a page of this very site, as far as the browser says."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return urlsplit(origin).netloc.lower() == host.lower()


def _ask_to_log_in(request: Request) -> Response:
    path = request.url.path
    if path.startswith("/api/") or request.method not in SAFE:
        error = {"error": "log in, or send the token: Authorization: Bearer TOKEN"}
        return JSONResponse(error, 401, {"WWW-Authenticate": "Bearer"})
    target = path.lstrip("/") + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"{to_root(path)}login?next={quote(target, safe='')}", 303)


def _protected(send: Send, path: str) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if not path.startswith("/static/"):
                headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sent
