"""Tests of daemon/watch/watcher.py, with real folders and real events."""

import time
from pathlib import Path

import pytest

from daemon.config.settings import Folder, Watching
from daemon.watch.file_filter import wants
from daemon.watch.watcher import Watcher


@pytest.mark.parametrize(
    "name",
    [
        "film.mp4.part",
        "film.crdownload",
        "film.mp4.filepart",
        "x.tmp",
        "x~",
        ".hidden.jpg",
        "Thumbs.db",
        ".DS_Store",
        "._a.jpg",
        "@eaDir/a.jpg",
        "@Recycle/a.jpg",
        "#recycle/a.jpg",
        ".stversions/a.jpg",
    ],
)
def test_what_others_leave_behind_is_left_alone(name: str) -> None:
    """Downloads in progress, and what desktops and NAS boxes leave."""
    assert not wants(Folder(input=Path("/in"), output=Path("/out")), Path("/in") / name)


def test_patterns_choose() -> None:
    """Included names are taken, excluded ones not, in any sub-folder or in none."""
    folder = Folder(input=Path("/in"), output=Path("/out"), include=("*.jpg",), exclude=("raw*",))
    assert wants(folder, Path("/in/a/b.jpg"))
    assert not wants(folder, Path("/in/a/b.png"))
    assert not wants(folder, Path("/in/raw/b.jpg"))
    assert not wants(folder, Path("/elsewhere/b.jpg"))
    assert not wants(folder.model_copy(update={"recursive": False}), Path("/in/a/b.jpg"))


def test_done_is_not_watched_where_originals_move_there() -> None:
    """Else it is a folder like any other."""
    folder = Folder(input=Path("/in"), output=Path("/out"))
    assert wants(folder, Path("/in/done/a.jpg"))
    assert not wants(folder.model_copy(update={"original": "move"}), Path("/in/done/a.jpg"))


@pytest.mark.parametrize("method", ["events", "polling"])
def test_files_are_found_as_they_come(tmp_path: Path, method: str) -> None:
    """Written, moved in, or inside a folder that is moved in whole."""
    inbox, outside = tmp_path / "inbox", tmp_path / "outside"
    (outside / "album").mkdir(parents=True)
    inbox.mkdir()
    watching = Watching.model_validate({"method": method, "poll_seconds": 0.2, "settle_seconds": 0.2})
    watcher = Watcher((Folder(input=inbox, output=tmp_path / "out"),), watching, lambda: None)
    watcher.start()
    try:
        (inbox / "written.jpg").write_text("1")
        (outside / "moved.jpg").write_text("2")
        (outside / "moved.jpg").rename(inbox / "moved.jpg")
        (outside / "album" / "inside.jpg").write_text("3")
        (outside / "album").rename(inbox / "album")
        found: set[str] = set()
        end = time.monotonic() + 20
        while len(found) < 3 and time.monotonic() < end:
            for _, path in watcher.look_around(time.monotonic(), 100):
                watcher.observe(path, time.monotonic())
            found |= {find.path.name for find in watcher.complete(time.monotonic())}
            time.sleep(0.05)
    finally:
        watcher.stop()
    assert found == {"written.jpg", "moved.jpg", "inside.jpg"}


def test_a_scan_sees_what_lies_there(tmp_path: Path) -> None:
    """All wanted files, and no link out of the folder."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.jpg", "sub/b.jpg", "c.part"):
        (tmp_path / "in" / name).write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "secret")
    watcher = Watcher((Folder(input=tmp_path / "in", output=tmp_path / "out"),), Watching(), lambda: None)
    assert [path.name for _, path in watcher.scan()] == ["a.jpg", "b.jpg"]
