"""Tests of colorizer/film/decode/frames.py: where decoding begins, and what comes out."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from colorizer.film.decode.frames import read_frames, sample_pictures
from colorizer.film.decode.probe import probe_film
from colorizer.job import Excerpt
from tests.assets.films import Film, write_film

CLOSED = {"g": "20", "bf": "0", "sc_threshold": "0", "preset": "ultrafast"}


def without_first_packets(path: Path, packets: int) -> Path:
    """A copy of a film that lacks its first packets: it begins between two key frames."""
    target = path.with_name(f"cut{path.suffix}")
    with av.open(str(path)) as source, av.open(str(target), "w") as result:
        stream = result.add_stream_from_template(source.streams.video[0], opaque=True)
        for number, packet in enumerate(packet for packet in source.demux(video=0) if packet.size):
            if number >= packets:
                packet.stream = stream
                result.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_an_excerpt_begins_before_the_first_key_frame(tmp_path: Path, suffix: str) -> None:
    """Breaks: libav finds no key frame at the beginning, and refuses to seek. What can be decoded comes out."""
    source = write_film(tmp_path / f"film{suffix}", Film(frames=60, options=CLOSED))
    info = probe_film(without_first_packets(source, 10), 100)
    frames = list(read_frames(info, Excerpt(0.0, 1.5)))
    assert frames
    assert all(before.pts < after.pts for before, after in pairwise(frames))
    assert [frame.pts for frame in frames] == [frame.pts for frame in read_frames(info)][: len(frames)]


def test_an_excerpt_has_the_frames_of_its_time(tmp_path: Path) -> None:
    """From one second on, for half a second, whatever the key frames are."""
    info = probe_film(write_film(tmp_path / "film.mp4", Film(frames=60, options=CLOSED)), 100)
    times = [float(frame.pts * info.time_base) for frame in read_frames(info, Excerpt(1.0, 0.5))]
    assert times == pytest.approx([1 + number / 25 for number in range(13)])


def test_samples_are_spread_over_the_film(tmp_path: Path) -> None:
    """Each is the key frame before its moment."""
    info = probe_film(write_film(tmp_path / "film.mp4", Film(frames=100, options=CLOSED)), 100)
    times = [float(picture.pts * info.time_base) for picture in sample_pictures(info, None, 5)]
    assert times == pytest.approx([0, 0.8, 1.6, 2.4, 3.2])
