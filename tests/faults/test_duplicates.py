"""Promise 4, duplicates by content: coloured again, linked or skipped. Breaks what a fingerprint can tell."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
import yaml

from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Config, Folder
from daemon.files.identity import Result, identify
from daemon.jobs.duplicates import find_coloured
from daemon.journal.journal import Journal
from daemon.journal.records import ResultMetadata
from tests.assets.films import Film, write_film
from tests.assets.journals import enter, started
from tests.assets.pictures import write_grey
from tests.assets.shares import hanging_mount
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


def test_the_copy_of_a_file_on_a_share_that_hangs_is_a_file_of_its_own(tmp_path: Path) -> None:
    """Breaks: the share, on which the main loop looked for the original, for ever."""
    share, local, output = (tmp_path / name for name in ("share", "local", "output"))
    output.mkdir()
    journal = Journal(tmp_path / "journal")
    folder = Folder(input=local, output=output, duplicates="skip")
    config = Config(folders=(Folder(input=share, output=output), folder))

    def coloured() -> str | None:
        found = find_coloured(copy, folder, config, journal, None, DiskQuestions(patience=0.1))
        return found and str(found.path)

    with hanging_mount(share) as server:
        identity, result = (identify(write_grey(place / "a.png")) for place in (share, output))
        assert identity is not None
        assert result is not None
        enter(journal, share / "a.png", share, identity, content="same")
        original = started(journal)
        journal.announce(original.id, Result(output / "a.png", result), ResultMetadata("settings", "weights", 1))
        journal.finish(original.id, 2)
        os.kill(server, signal.SIGSTOP)
        try:
            assert enter(journal, local / "b.png", local, identity, content="same") == "new"
            copy = started(journal)
            assert coloured() is None
        finally:
            os.kill(server, signal.SIGCONT)
        while coloured() is None:
            pass
        assert coloured() == "a.png"
