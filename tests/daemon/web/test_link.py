"""Tests of `tintd web --link`: a link is printed where a page is served."""

import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import httpx
import yaml

from tests.assets.ports import reserved_port
from tests.daemon.web.conftest import Page


def link(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Ask for a link to the page that is configured."""
    path = home / "config.yaml"
    folders = [{"input": str(home / "in"), "output": str(home / "out")}]
    content = {"folders": folders, "state": str(home / "state"), "web": {"address": f"127.0.0.1:{port}"}}
    path.write_text(yaml.safe_dump(content))
    command = [sys.executable, "-m", "daemon", "web", "--link", "--config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_no_link_is_printed_where_nothing_answers(tmp_path: Path) -> None:
    """Breaks: a link that leads nowhere. Another program at the port is no page either."""
    with reserved_port() as port:
        ended = link(tmp_path, port)
    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        f"tintd: no page is served at http://127.0.0.1:{port}/: start the service, or `tintd web`"
    )
    assert link(tmp_path, 0).returncode == 1
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.handle_request).start()
        assert link(tmp_path, other.server_port).returncode == 1


def test_a_link_logs_in(make_page: Callable[..., Page]) -> None:
    """Once."""
    page = make_page()
    ended = link(page.config.state.parent, page.port)
    assert ended.returncode == 0
    assert httpx.get(ended.stdout.strip()).status_code in {302, 303}
