"""Tests of daemon/commands/status.py."""

import json
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.assets.films import ENDLESS
from tests.assets.pictures import write_grey
from tests.conftest import Daemon


def test_status_is_for_people_and_for_programs(daemon: Daemon) -> None:
    """The table names each file with its news; the JSON has every fact."""
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    (daemon.inbox / "b [red]\n.txt").write_text("no picture")
    daemon.wait_for(done=1, skipped=1)
    table = daemon.command("status").stdout
    assert "1 done" in table
    assert "b [red]" in table.replace("\n", "")
    found = json.loads(daemon.command("status", "--json").stdout)
    [done] = [file for file in found["files"] if file["state"] == "done"]
    assert done["output"] == str(daemon.outbox / "a.png")
    assert done["seconds"] > 0
    assert len(done["weights"]) == 64
    assert len(done["settings"]) == 12
    assert found["paused"] == []


def test_a_running_film_shows_its_progress(daemon: Daemon) -> None:
    """Its share, its speed and the time that is left: in the JSON, in the table, and each second with --watch."""
    daemon.start()
    film = daemon.drop_film("a" * 150 + ".mp4", ENDLESS)

    def running() -> dict[str, Any]:
        return next((file for file in daemon.status()["files"] if file["state"] == "running"), {})

    daemon.wait_until(lambda: running().get("seconds_left"), "its speed is known")
    found = running()
    assert 0 < found["fraction"] < 1
    assert found["frames_per_second"] > 0
    assert daemon.status()["service"]["seconds_left"] > 0
    command = [sys.executable, "-m", "daemon", "status", "--watch", "-c", str(daemon.root / "config.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout is not None
        lines = iter(watching.stdout.readline, "")
        assert any(str(film) in line and "frames/s" in line and " left" in line for line in lines)
        watching.send_signal(signal.SIGINT)
        assert watching.wait() == 0


def test_a_watched_folder_that_is_not_there_is_shown(daemon: Daemon) -> None:
    """Breaks: the folder, whose name is mistyped, say. A service that waits for files would wait for ever."""
    daemon.settings["folders"].append({"input": "imbox", "output": "outbox"})
    daemon.start()
    daemon.wait_until(lambda: daemon.status()["service"]["watches"][1]["problem"], "it is noticed")
    assert f"watched folder {daemon.root / 'imbox'}: the folder is not there" in daemon.command("status").stdout


def test_a_pause_is_shown_with_its_reason_and_its_beginning(daemon: Daemon) -> None:
    """Where no service runs, and by the one that does: a person's request beside working hours; then a full disk."""
    begun = time.time()
    daemon.command_offline("pause")
    assert "by `tintd pause`" in daemon.command("status").stdout
    hour = time.localtime().tm_hour
    daemon.settings["work"]["hours"] = [f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"]
    daemon.start()
    daemon.wait_until(lambda: len(daemon.status()["paused"]) == 2, "there are two")
    person, hours = daemon.status()["paused"]
    assert (person["by"], person["reason"]) == ("person", "by `tintd pause`")
    assert person["since"] == pytest.approx(begun, abs=60)
    assert (hours["by"], hours["reason"]) == ("hours", "outside of working hours")
    assert begun - 86400 < hours["since"] < begun
    daemon.command("resume")
    daemon.settings["work"] |= {"hours": [], "spare_mib": 1 << 30}
    daemon.reload()
    daemon.wait_until(lambda: [pause["by"] for pause in daemon.status()["paused"]] == ["disk"], "only the disk")
    table = daemon.command("status").stdout.replace("\n", "")
    assert re.search(r"paused since \d{4}-", table)
    assert "nearly full" in table
