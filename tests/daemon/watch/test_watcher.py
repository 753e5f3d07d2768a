"""Tests of daemon/watch/watcher.py and daemon/watch/scanner.py, with real folders and real events."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.config.folder_settings import Method
from daemon.config.settings import Folder, Watching
from daemon.watch import file_filter
from daemon.watch.watcher import Watcher, listens
from tests.assets.shares import hanging_mount
from tests.conftest import TIMEOUT


@pytest.mark.parametrize(
    ("method", "own"), [("events", None), ("polling", None), ("events", "polling"), ("auto", None)]
)
def test_files_are_found_as_they_come(tmp_path: Path, method: str, own: Method | None) -> None:
    """Written, moved in, or inside a folder that is moved in whole; also where a folder has a method of its own."""
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    (outside / "album").mkdir(parents=True)
    inbox.mkdir()
    watching = Watching.model_validate({"method": method, "poll_seconds": 0.2, "settle_seconds": 0.2})
    folder, beside = Folder(input=inbox, output=tmp_path / "out", method=own), tmp_path / "beside"
    beside.mkdir()
    watcher = Watcher((folder, Folder(input=beside, output=tmp_path / "out")), watching, lambda: None)
    watcher.start()
    try:
        (inbox / "written.jpg").write_text("1")
        (outside / "moved.jpg").write_text("2")
        (outside / "moved.jpg").rename(inbox / "moved.jpg")
        (outside / "album" / "inside.jpg").write_text("3")
        (outside / "album").rename(inbox / "album")
        found: set[str] = set()
        end = time.monotonic() + TIMEOUT
        while len(found) < 3 and time.monotonic() < end:
            for file in watcher.found(100):
                watcher.observe(file.path)
            found |= {file.path.name for file in watcher.complete(100)}
            time.sleep(0.05)
    finally:
        watcher.stop()
    assert found == {"written.jpg", "moved.jpg", "inside.jpg"}


def test_a_share_that_hangs_keeps_no_other_folder_waiting(tmp_path: Path) -> None:
    """Breaks: the share, while a file on it is tracked. Files of another folder that is polled are still found."""
    share, local = tmp_path / "share", tmp_path / "local"
    local.mkdir()
    watching = Watching.model_validate({"method": "polling", "poll_seconds": 0.2, "settle_seconds": 0.5})
    folders = tuple(Folder(input=place, output=tmp_path / "out") for place in (share, local))
    watcher, found = Watcher(folders, watching, lambda: None), set[str]()

    def wait_until(is_so: Callable[[], bool]) -> None:
        end = time.monotonic() + TIMEOUT
        while not is_so() and time.monotonic() < end:
            for file in watcher.found(100):
                watcher.observe(file.path)
            found.update(file.path.name for file in watcher.complete(100))
            time.sleep(0.05)

    with hanging_mount(share) as server:
        (share / "on share.jpg").write_text("1")
        watcher.observe(share / "on share.jpg")
        os.kill(server, signal.SIGSTOP)
        try:
            watcher.start()
            (local / "local.jpg").write_text("2")
            wait_until(lambda: bool(found))
            assert found == {"local.jpg"}
            assert watcher.states()[0].problem == "its disk does not answer"
        finally:
            os.kill(server, signal.SIGCONT)
        wait_until(lambda: len(found) > 1)
        watcher.stop()
    assert found == {"local.jpg", "on share.jpg"}


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("bindfs"), reason="needs root and bindfs")
def test_a_network_share_is_polled(tmp_path: Path) -> None:
    """Unless the folder asks for events; a local one is listened to, unless it asks for polling."""
    for name in ("local", "share"):
        (tmp_path / name).mkdir()
    if subprocess.run(
        ["bindfs", "-o", "subtype=sshfs", tmp_path / "local", tmp_path / "share"], check=False
    ).returncode:
        pytest.skip("no FUSE here")
    try:
        local, share = (Folder(input=tmp_path / name, output=tmp_path / "out") for name in ("local", "share"))
        assert (listens(local, "auto"), listens(share, "auto")) == (True, False)
        assert (listens(local, "polling"), listens(share, "events")) == (False, True)
        own = share.model_copy(update={"method": "events"})
        assert listens(own, "auto")
    finally:
        subprocess.run(["umount", "--lazy", tmp_path / "share"], check=False)


def test_files_that_are_found_together_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    """As people count: 2 before 10."""
    for name in ("scan10.jpg", "b.jpg", "scan2.jpg", "A.jpg"):
        (tmp_path / name).write_text(name)
    folder = Folder(input=tmp_path, output=tmp_path.parent / "out")
    watcher = Watcher((folder,), Watching(settle_seconds=1), lambda: None)
    for name in ("scan10.jpg", "b.jpg", "scan2.jpg", "A.jpg"):
        watcher.observe(tmp_path / name)
    watcher.start()
    complete: list[str] = []
    end = time.monotonic() + TIMEOUT
    while len(complete) < 4 and time.monotonic() < end:
        complete += [file.path.name for file in watcher.complete(10)]
        time.sleep(0.05)
    watcher.stop()
    assert complete == ["A.jpg", "b.jpg", "scan2.jpg", "scan10.jpg"]


def test_a_scan_of_unwanted_names_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk stands still in the middle of 20,000 names: every call of the main loop returns all the same."""
    for number in range(20_000):
        (tmp_path / f"{number:05}.part").touch()
    reached, released = threading.Event(), threading.Event()

    def slow(entries: Iterator[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        for number, entry in enumerate(entries):
            if number == 500 and (reached.set() or not released.wait(TIMEOUT)):
                return
            yield entry

    monkeypatch.setattr(file_filter, "_readable", slow)
    folder = Folder(input=tmp_path, output=tmp_path.parent / "out")
    watcher = Watcher((folder,), Watching(settle_seconds=0), lambda: None)
    watcher.start()
    assert reached.wait(TIMEOUT)
    assert (watcher.found(500), watcher.complete(500)) == ([], [])
    assert watcher.is_waiting()
    (tmp_path / "a.jpg").touch()
    until(lambda: [file.path.name for file in watcher.complete(1)] == ["a.jpg"])
    released.set()
    until(lambda: not watcher.found(1) and not watcher.is_waiting())
    watcher.stop()


def test_an_error_in_a_thread_reaches_the_main_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A watcher that finds nothing any more must not look like one that has nothing to find."""
    monkeypatch.setattr(file_filter, "_readable", None)
    watcher = Watcher((Folder(input=tmp_path, output=tmp_path.parent / "out"),), Watching(), lambda: None)
    watcher.start()
    with pytest.raises(TypeError):
        until(lambda: watcher.found(1))
    watcher.stop()


def test_a_watcher_that_was_stopped_can_be_asked_to_scan(tmp_path: Path) -> None:
    """It does nothing: `tintd forget` may come while the service ends, and the pipe that woke the scanner is closed."""
    watcher = Watcher((Folder(input=tmp_path, output=tmp_path.parent / "out"),), Watching(), lambda: None)
    watcher.start()
    watcher.stop()
    watcher.rescan()


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    end = time.monotonic() + TIMEOUT
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_folder_says_how_its_files_are_found(tmp_path: Path) -> None:
    """By events or scans; one that is not there, or goes away, is a problem until it is back."""
    places = [tmp_path / name for name in ("listened", "polled", "absent")]
    for place in places[:2]:
        place.mkdir()
    folders = [Folder(input=place, output=tmp_path / "out", method="events") for place in places]
    folders[1] = folders[1].model_copy(update={"method": "polling"})
    watching = Watching.model_validate({"poll_seconds": 0.2, "settle_seconds": 0.2})
    watcher = Watcher(tuple(folders), watching, lambda: None)
    assert [state.scanned for state in watcher.states()] == [None] * 3
    watcher.start()
    try:
        until(lambda: watcher.states()[0].scanned)
        assert [(state.folder, state.by) for state in watcher.states()] == list(
            zip(places, ("events", "polling", "events"), strict=True)
        )
        until(lambda: [bool(state.problem) for state in watcher.states()] == [False, False, True])
        places[1].rmdir()
        until(lambda: "not there" in str(watcher.states()[1].problem))
        for place in places[1:]:
            place.mkdir()
        until(lambda: not any(state.problem for state in watcher.states()))
    finally:
        watcher.stop()
