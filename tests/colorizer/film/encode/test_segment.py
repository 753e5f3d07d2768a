"""Tests of colorizer/film/encode/segment.py: what is stored of a segment, and read again by another process."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorizer.film.decode.deviations import MISSING, Deviation
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.film.encode.encoder import choose_encoding
from colorizer.film.encode.segment import encode_segment, read_segment
from colorizer.film.shot_state import ShotState, pack
from colorizer.settings import FilmSettings
from tests.assets.films import Film, write_film


def test_a_finished_segment_is_stored_with_all_that_the_next_one_needs(tmp_path: Path) -> None:
    """Times, deviations, frames that kept their chroma, checksums of the last frames, and the state of colouring."""
    info = probe_film(write_film(tmp_path / "film.mkv", Film(frames=20)), 100)
    frames = [replace(frame, checksum=number, in_colour=number < 3) for number, frame in enumerate(read_frames(info))]
    frames[5] = replace(frames[5], deviations=(Deviation(MISSING, frames[4].pts, frames[5].pts),))
    state = pack(np.ones((2, 9, 16), np.float32), np.ones((9, 16), np.float32))
    frames[-1] = replace(frames[-1], state=state)
    path = tmp_path / "segment-00000.mkv"
    written = encode_segment(path, frames, choose_encoding(info, FilmSettings(speed="ultrafast")), info, "one")()
    segment = read_segment(path)
    assert segment is not None
    assert segment.without_state() == written
    assert written.record.state == ShotState()  # thousands of states would fill the memory
    assert segment.record.pts == tuple(frame.pts for frame in frames)
    assert segment.record.deviations == {MISSING: [(frames[4].pts, frames[5].pts)]}
    assert segment.record.in_colour == 3
    assert segment.record.checksums == tuple(range(4, 20))
    assert segment.record.state == state
    assert segment.record.machine == "one"
    assert sorted(number for number, _ in segment.packets()) == list(range(20))


def test_an_attempt_leaves_the_files_of_another_alone(tmp_path: Path) -> None:
    """A machine that is cut off may still write the same segment."""
    info = probe_film(write_film(tmp_path / "film.mkv", Film(frames=2)), 100)
    others = [tmp_path / name for name in ("segment-00000.part", "segment-00000.json.part")]
    for other in others:
        other.write_bytes(b"half")
    path = tmp_path / "segment-00000.mkv"
    encode_segment(path, read_frames(info), choose_encoding(info, FilmSettings(speed="ultrafast")), info, "one")()
    assert [other.read_bytes() for other in others] == [b"half", b"half"]


def test_a_segment_without_a_record_is_not_finished(tmp_path: Path) -> None:
    """A process that was killed leaves such a file."""
    path = tmp_path / "segment-00000.mkv"
    path.write_bytes(b"half")
    assert read_segment(path) is None


@pytest.mark.parametrize("record", [b"", b'{"pts": [1', b'{"times": [1, 2]}', b"\0" * 9])
def test_a_segment_whose_record_makes_no_sense_is_not_finished(tmp_path: Path, record: bytes) -> None:
    """A disk that loses what was written, or an older version, leaves such a record: the segment is coloured again."""
    path = tmp_path / "segment-00000.mkv"
    path.write_bytes(b"whole")
    path.with_suffix(".json").write_bytes(record)
    assert read_segment(path) is None
