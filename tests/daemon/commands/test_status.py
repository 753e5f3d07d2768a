"""Tests of daemon/commands/status.py."""

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
    [done] = [file for file in daemon.status()["files"] if file["state"] == "done"]
    assert done["output"] == str(daemon.outbox / "a.png")
    assert done["seconds"] > 0
    assert len(done["weights"]) == 64
    assert len(done["settings"]) == 12
