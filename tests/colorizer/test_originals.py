"""Tests of colorizer/originals.py."""

import os
from pathlib import Path

import pytest

from colorizer.fingerprint import fingerprint
from colorizer.originals import OriginalState, files_of, named_as_file, state_of, state_of_frames


def test_a_sequence_changes_with_each_of_its_files(tmp_path: Path) -> None:
    """A frame that is added, touched or cut, and the sound."""
    reel = tmp_path / "reel"
    reel.mkdir()
    for number in range(3):
        (reel / f"a{number}.dpx").write_bytes(b"frame")
    path = reel / "a#.dpx"
    states = [(state_of(path), fingerprint(path))]
    assert states[0][0].size == 15

    (reel / "a3.dpx").write_bytes(b"frame")
    states.append((state_of(path), fingerprint(path)))
    os.utime(reel / "a1.dpx", ns=(1, 1))
    states.append((state_of(path), fingerprint(path)))
    (tmp_path / "reel.wav").write_bytes(b"sound")
    states.append((state_of(path), fingerprint(path)))

    assert len({state for state, _ in states}) == len({content for _, content in states}) == 4
    assert [file.name for file in files_of(path)] == ["a0.dpx", "a1.dpx", "a2.dpx", "a3.dpx", "reel.wav"]


def test_a_sequence_without_frames_is_gone(tmp_path: Path) -> None:
    """As a file is that was deleted."""
    with pytest.raises(FileNotFoundError):
        state_of(tmp_path / "a#.dpx")


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("reel/scan.#.dpx", "reel/scan.dpx"),
        ("reel/#.dpx", "reel.dpx"),
        ("#.dpx", "film.dpx"),
        ("Holiday/VIDEO_TS", "Holiday.vob"),
        ("reel/a.tif", "reel/a.tif"),
    ],
)
def test_a_result_is_named_by_what_has_a_name(original: str, name: str) -> None:
    """The frames, or the folder."""
    assert named_as_file(Path(original)) == Path(name)


def test_a_folder_of_frames_that_was_looked_at_has_not_changed(tmp_path: Path) -> None:
    """Although a file manager has left its own files in it; what a person adds is a change."""
    (tmp_path / "1.png").write_bytes(b"frame")
    before = state_of_frames(tmp_path)
    (tmp_path / "@eaDir").mkdir()
    for name in (".DS_Store", "._1.png", "Thumbs.db"):
        (tmp_path / name).write_bytes(b"view")
    assert state_of_frames(tmp_path) == before
    (tmp_path / "mine.txt").write_bytes(b"note")
    assert state_of_frames(tmp_path) != before


def test_numbers_fit_into_a_database() -> None:
    """Inodes of mergerfs and of network mounts go up to 2**64."""
    assert OriginalState(1, 2, 3) == OriginalState(1, 2, 3 + 2**64)
    assert OriginalState(1, 2**63, 2**64 - 1) == OriginalState(1, -(2**63), -1)
