"""Promise 4, duplicates by content: coloured again, linked or skipped. Breaks what a fingerprint can tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey
from tests.conftest import Daemon


def told(daemon: Daemon, name: str) -> list[tuple[str, str | None]]:
    """What the journal tells of the attempts at a file, the first one first."""
    attempts = yaml.safe_load(daemon.command("history", "--json", name).stdout)["attempts"]
    return [(attempt["outcome"], attempt["reason"]) for attempt in reversed(attempts)]


def begun(daemon: Daemon, duplicates: str) -> Path:
    """A service that has done one photograph."""
    daemon.settings["folders"][0]["duplicates"] = duplicates
    daemon.start()
    first = write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)
    return first


def is_linked(daemon: Daemon, name: str) -> bool:
    """Whether a result is that of the first photograph."""
    return (daemon.outbox / name).samefile(daemon.outbox / "a.png")


def test_duplicates_are_coloured_again_unless_it_is_configured(daemon: Daemon) -> None:
    """Each copy is a file of its own."""
    daemon.start()
    first = write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)
    shutil.copyfile(first, daemon.inbox / "b.png")
    daemon.wait_for(done=2)
    assert not is_linked(daemon, "b.png")
    assert told(daemon, "b.png") == [("done", None)]


def test_a_duplicate_gets_a_link_to_the_result(daemon: Daemon) -> None:
    """Under its own name; coloured anew when somebody asks, when the result has gone, and by other settings."""
    first = begun(daemon, "link")
    (daemon.inbox / "copies").mkdir()
    shutil.copyfile(first, daemon.inbox / "copies" / "b.png")
    daemon.wait_for(done=2)
    assert is_linked(daemon, "copies/b.png")
    assert told(daemon, "b.png") == [("done", f"the same content as {first}")]
    assert daemon.leftovers() == []

    daemon.command("again", "b.png")
    daemon.wait_until(lambda: not is_linked(daemon, "copies/b.png"), "it was coloured")
    daemon.wait_for(done=2)

    daemon.settings["colour"]["vividness"] = 0.1
    daemon.reload()
    shutil.copyfile(first, daemon.inbox / "c.png")
    daemon.wait_for(done=3)
    assert not is_linked(daemon, "c.png")
    daemon.settings["colour"].pop("vividness")
    daemon.reload(times=2)

    (daemon.outbox / "a.png").unlink()
    (daemon.outbox / "copies" / "b.png").unlink()
    shutil.copyfile(first, daemon.inbox / "d.png")
    daemon.wait_for(done=4)
    assert told(daemon, "d.png") == [("done", None)]


def test_a_duplicate_is_skipped(daemon: Daemon) -> None:
    """With a reason that names the first file; but not where that one has no result any more."""
    first = begun(daemon, "skip")
    shutil.copyfile(first, daemon.inbox / "b.png")
    daemon.wait_for(done=1, skipped=1)
    [skipped] = [file for file in daemon.status()["files"] if file["state"] == "skipped"]
    assert skipped["reason"] == f"the same content as {first}"
    assert told(daemon, "b.png") == [("skipped", f"the same content as {first}")]
    assert [path.name for path in daemon.outbox.iterdir()] == ["a.png"]

    (daemon.outbox / "a.png").unlink()
    shutil.copyfile(first, daemon.inbox / "c.png")
    daemon.wait_for(done=2, skipped=1)
    assert (daemon.outbox / "c.png").exists()
    daemon.command("again", "b.png")
    daemon.wait_for(done=3)


@pytest.mark.parametrize(("duplicates", "counts"), [("link", {"done": 2}), ("skip", {"done": 1, "skipped": 1})])
def test_duplicates_that_come_at_the_same_moment(daemon: Daemon, duplicates: str, counts: dict[str, int]) -> None:
    """Breaks: the order. Two workers could each take one; the second waits until the first is done."""
    daemon.settings["folders"][0]["duplicates"] = duplicates
    daemon.settings["work"]["workers"] = 2
    daemon.command_offline("pause")
    daemon.start()
    first = write_grey(daemon.inbox / "a.png", 400, 400)
    shutil.copyfile(first, daemon.inbox / "b.png")
    daemon.wait_until(lambda: daemon.status()["counts"]["waiting"] == 2, "both are found")
    daemon.command("resume")
    daemon.wait_for(**counts)
    reasons = [reason for name in ("a.png", "b.png") for _, reason in told(daemon, name)]
    assert reasons.count(None) == 1
    assert duplicates == "skip" or is_linked(daemon, "b.png")


@pytest.mark.parametrize("duplicates", ["link", "skip"])
def test_a_fingerprint_alone_makes_no_duplicate(daemon: Daemon, duplicates: str) -> None:
    """Breaks: the fingerprint, by large films that differ only where it does not look: outside of three MiB."""
    daemon.settings["folders"][0]["duplicates"] = duplicates
    daemon.start()
    whole = write_film(daemon.root / "film.mp4", Film(frames=5)).read_bytes()
    size = 300 << 20
    for done, name in enumerate(("a.mp4", "b.mp4"), start=1):
        with (daemon.root / name).open("wb") as file:
            file.write(whole + (size - len(whole)).to_bytes(4, "big") + b"free")  # a box that players skip
            file.seek(size // 4)
            file.write(name.encode())
            file.truncate(size)
        (daemon.root / name).rename(daemon.inbox / name)
        daemon.wait_for(done=done)
    assert told(daemon, "b.mp4") == [("done", None)]
    assert not (daemon.outbox / "b.mp4").samefile(daemon.outbox / "a.mp4")
