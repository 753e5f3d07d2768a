"""Tests of daemon/workers/cluster/connection.py."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from daemon.workers.cluster.connection import ClusterUnreachableError, connect
from tests.assets.clusters import head_with_slot
from tests.assets.ports import reserved_port


def test_a_head_that_is_away_is_said_at_once() -> None:
    """Ray itself would try for minutes."""
    with reserved_port() as port:
        refused = rf"127\.0\.0\.1:{port}\) cannot be reached: Connection refused"
        with pytest.raises(ClusterUnreachableError, match=refused):
            connect(f"127.0.0.1:{port}", {})


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: it needs Python 3.11 or 3.12")
def test_a_wrong_token_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray says only that it cannot connect, and fills the screen with its own warnings."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 64)
    code = """
import sys
from daemon.workers.cluster.connection import ClusterUnreachableError, connect
try:
    connect(sys.argv[1], {})
except ClusterUnreachableError as error:
    sys.exit(str(error))
"""
    with reserved_port() as port, head_with_slot(port) as nodes:
        for environment, is_right in ((os.environ, True), (os.environ | {"RAY_AUTH_TOKEN": "b" * 64}, False)):
            done = subprocess.run(
                [sys.executable, "-c", code, nodes.address],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode == 0) == is_right
    assert "the token is missing or wrong" in done.stderr
    assert "gcs_client" not in done.stderr
