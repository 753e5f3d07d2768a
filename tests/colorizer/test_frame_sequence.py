"""Tests of colorizer/frame_sequence.py."""

from pathlib import Path

import pytest

from colorizer.frame_sequence import frame_without_others, is_sequence, name_of_sequence, read_sequence, sequence_at


@pytest.mark.parametrize(
    ("frame", "sequence", "name"),
    [
        ("reel.0001.dpx", "reel.#.dpx", "reel"),
        ("reel_00001.TIF", "reel_#.TIF", "reel"),
        ("00001.png", "#.png", ""),
        ("take2-1001.exr", "take2-#.exr", "take2"),
    ],
)
def test_frames_that_differ_in_their_numbers_are_one_sequence(frame: str, sequence: str, name: str) -> None:
    """The number is the last thing before the suffix, whatever stands before it."""
    assert sequence_at(Path("in") / frame) == Path("in") / sequence
    assert is_sequence(Path("in") / sequence)
    assert name_of_sequence(Path(sequence)) == name


@pytest.mark.parametrize("name", ["cover.png", "IMG_0001.jpg", "0001.mkv", "1950s.tif"])
def test_other_files_are_no_frames(name: str) -> None:
    """Without a number before the suffix, or in a format that film scanners do not write."""
    assert sequence_at(Path(name)) is None
    assert not is_sequence(Path(name))


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """With and without zeros before them; links and other sequences in the folder are left out."""
    for name in ("a10.png", "a9.png", "a09.png", "a12.png", "b1.png", "a13.tif", "a14.png.part"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "a11.png").symlink_to(tmp_path / "b1.png")
    found = read_sequence(tmp_path / "a#.png")
    assert [frame.path.name for frame in found.frames] == ["a09.png", "a10.png", "a12.png"]
    assert [frame.path.name for frame in found.repeated] == ["a9.png"]
    assert list(found.gaps()) == [
        "missing numbers, so that the frame before is shown longer: 11",
        "left out, because another frame has the same number: a9.png",
    ]


@pytest.mark.parametrize("sound", ["reel/scan.wav", "reel/reel.wav", "reel.WAV", "scan.flac"])
def test_sound_is_found_by_name(tmp_path: Path, sound: str) -> None:
    """In the folder or beside it, under the name of the frames or of the folder."""
    (tmp_path / "reel").mkdir()
    for name in ("reel/scan.0001.dpx", "reel/other.wav", sound):
        (tmp_path / name).write_bytes(b"x")
    assert read_sequence(tmp_path / "reel" / "scan.#.dpx").sound == tmp_path / sound


def test_a_frame_may_be_alone(tmp_path: Path) -> None:
    """Then it is a photograph."""
    (tmp_path / "a1.png").write_bytes(b"x")
    assert frame_without_others(tmp_path / "a#.png") == tmp_path / "a1.png"
    (tmp_path / "a2.png").write_bytes(b"x")
    assert frame_without_others(tmp_path / "a#.png") is None
