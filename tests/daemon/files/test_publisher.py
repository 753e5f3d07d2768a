"""Tests of daemon/files/publisher.py."""

import os
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.files.identity import Result
from daemon.files.publisher import candidate_names, leave_note, publish, remove_note


def test_names_are_the_originals_then_say_what_it_was() -> None:
    """`reel.mpg` becomes reel.mp4, else reel (mpg).mp4, then a number."""
    names = [path.name for path in islice(candidate_names(Path("/out"), Path("1936/reel.mpg"), ".mp4"), 4)]
    assert names == ["reel.mp4", "reel (mpg).mp4", "reel (mpg) 2.mp4", "reel (mpg) 3.mp4"]


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


def test_a_result_gets_its_name_after_it_was_announced(tmp_path: Path) -> None:
    """And the temporary file is gone."""
    announced: list[Result] = []
    target = tmp_path / "new" / "folder" / "a.png"
    path = publish(finished(tmp_path), iter([target]), lambda _: False, announced.append)
    assert path == target
    assert target.read_text() == "result"
    assert announced[0].path == target
    assert not (tmp_path / "finished").exists()


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    """The next name is taken instead."""
    (tmp_path / "a.png").write_text("somebody's")
    names = candidate_names(tmp_path, Path("a.tga"), ".png")
    path = publish(finished(tmp_path), names, lambda _: False, lambda _: None)
    assert path.name == "a (tga).png"
    assert (tmp_path / "a.png").read_text() == "somebody's"


def test_a_file_that_comes_at_the_last_moment_is_not_overwritten(tmp_path: Path) -> None:
    """Even between the look and the naming."""

    def intrude(result: Result) -> None:
        if result.path.name == "a.png":
            result.path.write_text("somebody's")

    names = candidate_names(tmp_path, Path("a.tga"), ".png")
    path = publish(finished(tmp_path), names, lambda _: False, intrude)
    assert path.name == "a (tga).png"
    assert (tmp_path / "a.png").read_text() == "somebody's"


def test_an_earlier_result_is_replaced(tmp_path: Path) -> None:
    """Where it is one."""
    (tmp_path / "a.png").write_text("earlier")
    publish(finished(tmp_path), iter([tmp_path / "a.png"]), lambda _: True, lambda _: None)
    assert (tmp_path / "a.png").read_text() == "result"


def test_when_every_name_is_taken_it_is_said(tmp_path: Path) -> None:
    """As the error that it is."""
    (tmp_path / "a.png").write_text("somebody's")
    with pytest.raises(FileExistsError):
        publish(finished(tmp_path), iter([tmp_path / "a.png"]), lambda _: False, lambda _: None)


def test_a_note_tells_why_and_goes_away(tmp_path: Path) -> None:
    """But never over, or with, a file of somebody else's."""
    leave_note(tmp_path, Path("sub/a.jpg"), "a.jpg: broken")
    note = tmp_path / "sub" / "a.jpg.failed.txt"
    assert "a.jpg: broken" in note.read_text()
    leave_note(tmp_path, Path("sub/a.jpg"), "a\x1b]0;owned\x07.jpg: broken")
    assert "\x1b" not in note.read_text()
    remove_note(tmp_path, Path("sub/a.jpg"))
    assert not note.exists()
    note.write_text("my own notes")
    leave_note(tmp_path, Path("sub/a.jpg"), "a.jpg: broken")
    remove_note(tmp_path, Path("sub/a.jpg"))
    assert note.read_text() == "my own notes"
