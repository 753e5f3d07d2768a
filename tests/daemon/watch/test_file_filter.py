"""Tests of daemon/watch/file_filter.py."""

from pathlib import Path

import pytest

from daemon.config.settings import Folder
from daemon.watch.file_filter import walk, wanted_at, wants


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


def test_a_walk_finds_what_lies_there(tmp_path: Path) -> None:
    """All wanted files, and no link out of the folder."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.jpg", "sub/b.jpg", "c.part"):
        (tmp_path / "in" / name).write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "in" / "link.jpg").symlink_to(tmp_path / "secret")
    folder = Folder(input=tmp_path / "in", output=tmp_path / "out")
    assert [path.name for path in walk(folder, folder.input)] == ["a.jpg", "b.jpg"]


def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """The others are walked all the same."""
    (tmp_path / "a.jpg").touch()
    folder = Folder(input=tmp_path, output=tmp_path / "out")
    unreadable: list[Path] = []
    found = list(walk(folder, tmp_path / "gone", unreadable=lambda place, _: unreadable.append(place)))
    assert (found, unreadable) == ([], [tmp_path / "gone"])


def test_numbered_frames_are_one_film_where_that_is_configured(tmp_path: Path) -> None:
    """Found by a walk and by an event; sound belongs to them. Elsewhere they are photographs."""
    for name in ("reel/1.dpx", "reel/2.dpx", "reel/a7.tif", "reel/cover.tif", "reel.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    photographs = Folder(input=tmp_path, output=tmp_path / "out")
    films = photographs.model_copy(update={"sequences": "24"})
    assert sorted(path.name for path in walk(films, tmp_path)) == ["#.dpx", "a7.tif", "cover.tif"]
    assert list(wanted_at(films, tmp_path / "reel" / "2.dpx")) == [tmp_path / "reel" / "#.dpx"]
    assert not list(wanted_at(films, tmp_path / "reel.wav"))
    assert len(list(walk(photographs, tmp_path))) == 5
    assert list(wanted_at(photographs, tmp_path / "reel" / "2.dpx")) == [tmp_path / "reel" / "2.dpx"]


def test_a_disc_is_one_film(tmp_path: Path) -> None:
    """Found by a walk, and by an event about any of its files."""
    disc = tmp_path / "Holiday" / "VIDEO_TS"
    disc.mkdir(parents=True)
    folder = Folder(input=tmp_path, output=tmp_path / "out")
    for name in ("VTS_01_0.IFO", "VIDEO_TS.VOB"):
        (disc / name).write_text("x")
    assert list(walk(folder, tmp_path)) == []  # its titles are copied last
    assert list(wanted_at(folder, disc / "VIDEO_TS.VOB")) == []
    (disc / "VTS_01_1.VOB").write_text("x")
    assert list(walk(folder, tmp_path)) == [disc]
    assert list(wanted_at(folder, disc / "VTS_01_0.IFO")) == [disc]
    assert list(walk(folder.model_copy(update={"exclude": ("VIDEO_TS",)}), tmp_path)) == []
