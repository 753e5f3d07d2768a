"""Tests of daemon/web/site/credentials.py: the token, links that log in once, and cookies."""

import os
import stat
from pathlib import Path

import pytest

from daemon.web.site.credentials import (
    COOKIE_SECONDS,
    LINK_SECONDS,
    AccessError,
    Credentials,
    open_credentials,
)
from tests.daemon.web.conftest import config_in


def test_a_token_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    """Every process finds the same one, in a file that nobody else can read."""
    config = config_in(tmp_path)
    token = open_credentials(config).token
    assert len(token) >= 32
    assert open_credentials(config).token == token
    assert stat.S_IMODE((config.web_folder / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(config.web_folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("address", ["0.0.0.0:8470", "[::]:8470", "192.0.2.1:8470", "example.org:8470"])
def test_a_page_that_others_can_reach_needs_a_token(tmp_path: Path, address: str) -> None:
    """Without one it is refused, with what to do."""
    with pytest.raises(AccessError, match=r"set `web\.token`"):
        open_credentials(config_in(tmp_path, address=address))
    open_credentials(config_in(tmp_path, address=address, token="a token of my own"))  # noqa: S106
    open_credentials(config_in(tmp_path, address=address, users_header="X-User", trusted_proxies=["192.0.2.7"]))


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "localhost:1"])
def test_a_loopback_address_gets_a_token_by_itself(tmp_path: Path, address: str) -> None:
    """Nothing has to be configured."""
    assert open_credentials(config_in(tmp_path, address=address)).token


def test_a_link_logs_in_once(tmp_path: Path) -> None:
    """It works in another process, not twice, and not for ever; its secret is not in any file."""
    made = Credentials("token", tmp_path).make_link(1000.0)
    assert made.encode() not in b"".join(map(os.fsencode, (tmp_path / "links").iterdir()))
    other = Credentials("token", tmp_path)
    assert not other.use_link(f"{made}x", 1000.0)
    assert not other.use_link("../token", 1000.0)
    now = next((tmp_path / "links").iterdir()).stat().st_mtime
    assert other.use_link(made, now)
    assert not other.use_link(made, now)
    late = other.make_link(now)
    assert not other.use_link(late, now + LINK_SECONDS + 60)


def test_a_cookie_is_good_for_a_time_and_for_its_token() -> None:
    """A changed one, an old one, and one of another token are not."""
    credentials = Credentials("token", Path("/nowhere"))
    cookie = credentials.make_cookie(1000.0)
    assert credentials.is_cookie(cookie, 1001.0)
    assert not credentials.is_cookie(cookie, 1000.0 + COOKIE_SECONDS)
    assert not credentials.is_cookie(f"9{cookie}", 1001.0)
    assert not Credentials("another", Path("/nowhere")).is_cookie(cookie, 1001.0)
    for wrong in ("", ".", "é.é", "1", "999999999999."):
        assert not credentials.is_cookie(wrong, 1001.0)
    assert not credentials.is_token("tökèn")
    assert credentials.is_token("token")
