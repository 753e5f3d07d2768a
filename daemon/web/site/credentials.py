"""Who may see the page: the token, links that log in once, and the cookie of those who have logged in.

A cookie is signed with the token, so that a new token logs everyone out. A link's secret is a file of its hash in the
state folder: whoever deletes the file has used the link, whichever process made it.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from contextlib import suppress
from pathlib import Path

from colorizer.durable import sync_file
from colorizer.errors import TintdError
from daemon.config.settings import Config
from daemon.config.web_settings import Web
from daemon.files.publisher import move_to

COOKIE_SECONDS = 30 * 86_400
"""How long a browser stays logged in."""
LINK_SECONDS = 3600.0
"""How long a link can be used."""
_TOKEN = "token"  # noqa: S105 (the name of a file)
_LINKS = "links"


class AccessError(TintdError):
    """The page cannot be protected as it is configured."""


class Credentials:
    """The token of a page, and what is made with it."""

    def __init__(self, token: str, folder: Path) -> None:
        """Use a token; `folder` is the page's own in the state folder."""
        self._token = token
        self._folder = folder / _LINKS

    @property
    def token(self) -> str:
        """The token, for a program on this machine."""
        return self._token

    def is_token(self, given: str) -> bool:
        """Whether this is the token; the time says nothing about it."""
        return hmac.compare_digest(given.encode(errors="surrogateescape"), self._token.encode())

    def make_cookie(self, now: float) -> str:
        """The value of a cookie for a browser that has logged in; `now` is in seconds since the epoch."""
        end = str(int(now) + COOKIE_SECONDS)
        return f"{end}.{self._signature(end)}"

    def is_cookie(self, given: str, now: float) -> bool:
        """Whether a cookie was made with this token, and is not too old."""
        end, _, signature = given.partition(".")
        signed = hmac.compare_digest(signature.encode(errors="surrogateescape"), self._signature(end).encode())
        return signed and end.isdecimal() and int(end) > now

    def make_link(self, now: float) -> str:
        """A secret that logs in once.

        Raises:
            AccessError: the state folder cannot be written.

        """
        secret = secrets.token_urlsafe(24)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for old in self._folder.iterdir():
                with suppress(OSError):
                    if old.stat().st_mtime < now - LINK_SECONDS:
                        old.unlink()
            (self._folder / _hashed(secret)).touch(mode=0o600)
        except OSError as error:
            raise AccessError(
                f"{self._folder}: no link can be made: {error.strerror}; use the service's user"
            ) from error
        return secret

    def use_link(self, secret: str, now: float) -> bool:
        """Whether a link's secret logs in now; it does not do so again."""
        path = self._folder / _hashed(secret)
        try:
            made = path.stat().st_mtime
            path.unlink()
        except OSError:
            return False
        return now - LINK_SECONDS < made

    def _signature(self, text: str) -> str:
        return hmac.digest(self._token.encode(), f"cookie {text}".encode(errors="surrogateescape"), "sha256").hex()


def open_credentials(config: Config) -> Credentials:
    """The credentials of a page; a token is made where the configuration leaves that to tintd.

    Raises:
        AccessError: other machines can reach the page, and no token is set; or the state folder cannot be written.

    """
    check_access(config.web)
    token = config.web.token.get_secret_value()
    if token == "auto":  # noqa: S105
        token = _made_token(config.web_folder)
    return Credentials(token, config.web_folder)


def check_access(web: Web) -> None:
    """Check that a page would not be open to everyone.

    Raises:
        AccessError: other machines can reach it, and no token is set.

    """
    has_token = web.token.get_secret_value() != "auto"
    if not (has_token or _is_loopback(web.host) or _has_trusted_users(web)):
        raise AccessError(
            f"web.address {web.address}: other machines can reach this address, so set `web.token`, or"
            " `web.users_header` and `web.trusted_proxies`, or use an address that begins with 127.0.0.1"
        )


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_trusted_users(web: Web) -> bool:
    return web.users_header is not None and bool(web.trusted_proxies)


def _made_token(folder: Path) -> str:
    """The token in the folder; made if there is none."""
    path = folder / _TOKEN
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            unfinished = folder / f"{_TOKEN}.{os.getpid()}"
            unfinished.touch(mode=0o600)
            unfinished.write_text(secrets.token_urlsafe(32))
            sync_file(unfinished)
            if not move_to(unfinished, path):  # another process was faster
                unfinished.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise AccessError(f"{path}: the token cannot be read or made: {error.strerror}") from error


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
