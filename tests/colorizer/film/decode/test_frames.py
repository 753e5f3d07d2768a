"""Tests of colorizer/film/decode/frames.py: where decoding begins, and what comes out."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from colorizer.film.decode.frame import luma_checksum
from colorizer.film.decode.frames import Place, read_frames, sample_pictures, sample_runs
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.decode.probe import probe_film
from colorizer.job import Excerpt
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured

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


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.avi"])
def test_runs_are_spread_over_the_film(tmp_path: Path, name: str) -> None:
    """Each begins at another key frame, the first at the beginning, and all frames are those of the film."""
    info = probe_film(write_film(tmp_path / name, Film(frames=100, options=CLOSED)), 100)
    runs = [list(run) for run in sample_runs(info, None, 5, 4)]
    whole = {luma_checksum(luma_codes(frame.picture, info.coding)) for frame in read_frames(info)}
    assert {len(run) for run in runs} == {4}
    assert all(luma_checksum(luma_codes(picture, info.coding)) in whole for run in runs for picture in run)
    assert runs[0][0].pts == next(read_frames(info)).pts
    assert len({run[0].pts for run in runs}) == len(runs) >= 4


def test_moments_with_the_same_key_frame_are_one_sample(tmp_path: Path) -> None:
    """To look at the same frames again tells nothing, and takes its time."""
    info = probe_film(write_film(tmp_path / "film.mp4", Film(frames=50, options={"g": "250"})), 100)
    assert len(list(sample_pictures(info, None, 5))) == 1
    assert [len(list(run)) for run in sample_runs(info, None, 5, 4)] == [4]


def test_a_key_frame_that_begins_a_run_is_no_sample(tmp_path: Path) -> None:
    """It was seen already; those at other places are."""
    info = probe_film(write_film(tmp_path / "film.mp4", Film(frames=100, options=CLOSED)), 100)
    places: set[Place] = set()
    begins = [next(run).pts for run in sample_runs(info, None, 2, 4, places)]
    others = [picture.pts for picture in sample_pictures(info, None, 5, places)]
    assert sorted(begins + others) == [picture.pts for picture in sample_pictures(info, None, 5)]


def test_a_shape_that_changes_is_named(tmp_path: Path, weights: Path) -> None:
    """Breaks: the second part of a broadcast is shown too narrow, and nobody is told."""
    source = tmp_path / "film.ts"
    for shape in (Fraction(12, 11), Fraction(16, 11)):
        film = Film(frames=40, width=176, height=144, codec="mpeg2video", settings={"sample_aspect_ratio": shape})
        part = write_film(tmp_path / "part.ts", film)
        with source.open("ab") as joined:
            joined.write(part.read_bytes())
    report, _ = coloured(source, weights)
    changed = "the shape of the samples changes to 16/11, and stays 12/11 in the result: 1."
    assert any(note.startswith(changed) for note in report.notes)


def test_a_projection_that_is_not_carried_over_is_named(tmp_path: Path, weights: Path) -> None:
    """Breaks: a spherical film becomes a flat one without a word."""
    plain = write_film(tmp_path / "film.mp4", Film(frames=5))
    content = plain.read_bytes()
    assert mp4_index_ends_the_file(content)
    size = int.from_bytes(content[content.index(b"moov") - 4 :][:4], "big")
    box = (16).to_bytes(4, "big") + b"st3d" + bytes(8)
    begin = content.index(b"moov") - 4
    plain.write_bytes(content[:begin] + (size + 16).to_bytes(4, "big") + content[begin + 4 :] + box)
    report, _ = coloured(plain, weights)
    assert report.notes == ("projection of a spherical or 3D film left out",)


def mp4_index_ends_the_file(content: bytes) -> bool:
    """Whether nothing follows the index."""
    begin = content.index(b"moov") - 4
    return begin + int.from_bytes(content[begin : begin + 4], "big") == len(content)


def test_a_part_after_a_clock_that_restarts(tmp_path: Path) -> None:
    """Breaks: `--from` seeks a time that stands nowhere in the file, or in the wrong recording."""
    source = tmp_path / "film.ts"
    film = Film(frames=50, codec="mpeg2video")
    part = write_film(tmp_path / "part.ts", film).read_bytes()
    source.write_bytes(part + part)
    info = probe_film(source, 100)
    frames = list(read_frames(info, Excerpt(3.0, 0.4)))
    assert len(frames) == 10
    alone = list(read_frames(probe_film(tmp_path / "part.ts", 100), Excerpt(1.0, 0.4)))
    assert frames[0].picture.to_ndarray().tolist() == alone[0].picture.to_ndarray().tolist()
