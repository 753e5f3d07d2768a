"""Tests of daemon/files/publisher.py."""

import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.files.publisher import candidate_names, leave_note, publish, remove_notes


def test_names_are_the_originals_then_say_what_it_was() -> None:
    """`reel.mpg` becomes reel.mp4, else reel (mpg).mp4, then a number; a suffix that stays the same says nothing."""
    names = [path.name for path in islice(candidate_names(Path("/out"), Path("1936/reel.mpg"), ".mp4"), 4)]
    assert names == ["reel.mp4", "reel (mpg).mp4", "reel (2).mp4", "reel (3).mp4"]
    same = [path.name for path in islice(candidate_names(Path("/out"), Path("cat.JPG"), ".jpg"), 3)]
    assert same == ["cat.jpg", "cat (2).jpg", "cat (3).jpg"]


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=255))
def test_every_name_fits_the_file_system(stem: str) -> None:
    """255 bytes, whatever the characters, and the suffix whole."""
    for path in islice(candidate_names(Path("/out"), Path(stem + ".mpg"), ".mp4"), 3):
        assert len(os.fsencode(path.name)) <= 255
        assert path.name.endswith(".mp4")


def finished(tmp_path: Path, content: str = "result") -> Path:
    """A complete temporary file."""
    path = tmp_path / "finished"
    path.write_text(content)
    return path


def test_a_result_gets_its_name(tmp_path: Path) -> None:
    """Its folder is made, and the temporary file is gone."""
    target = tmp_path / "new" / "folder" / "a.png"
    assert publish(finished(tmp_path), target, replaces=False)
    assert target.read_text() == "result"
    assert not (tmp_path / "finished").exists()


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    """Its name is taken, which the caller learns."""
    (tmp_path / "a.png").write_text("somebody's")
    assert not publish(finished(tmp_path), tmp_path / "a.png", replaces=False)
    assert (tmp_path / "a.png").read_text() == "somebody's"
    assert (tmp_path / "finished").exists()


def test_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    """Where it is one."""
    (tmp_path / "a.png").write_text("earlier")
    assert publish(finished(tmp_path), tmp_path / "a.png", replaces=True)
    assert (tmp_path / "a.png").read_text() == "result"


def test_an_earlier_folder_stays_where_a_new_one_cannot_have_its_name(tmp_path: Path) -> None:
    """Breaks: the new one is gone, with its disk, say."""
    earlier = tmp_path / "reel.frames"
    earlier.mkdir()
    (earlier / "1.png").write_text("earlier")
    with pytest.raises(FileNotFoundError):
        publish(tmp_path / "gone", earlier, replaces=True)
    assert (earlier / "1.png").read_text() == "earlier"


def test_a_note_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    """A file that failed, and is then left alone, is not called both."""
    leave_note(tmp_path, Path("a.jpg"), "failed", "a.jpg: broken")
    leave_note(tmp_path, Path("a.jpg"), "skipped", "a.jpg: in colour")
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg.skipped.txt"]
    assert "a.jpg: in colour" in (tmp_path / "a.jpg.skipped.txt").read_text()


def test_a_note_tells_why_and_goes_away(tmp_path: Path) -> None:
    """But never over, or with, a file of somebody else's."""
    leave_note(tmp_path, Path("sub/a.jpg"), "failed", "a.jpg: broken")
    note = tmp_path / "sub" / "a.jpg.failed.txt"
    assert "a.jpg: broken" in note.read_text()
    leave_note(tmp_path, Path("sub/a.jpg"), "failed", "a\x1b]0;owned\x07.jpg: broken")
    assert "\x1b" not in note.read_text()
    remove_notes(tmp_path, Path("sub/a.jpg"))
    assert not note.exists()
    note.write_text("my own notes")
    leave_note(tmp_path, Path("sub/a.jpg"), "failed", "a.jpg: broken")
    remove_notes(tmp_path, Path("sub/a.jpg"))
    assert note.read_text() == "my own notes"
