"""Tests of colorizer/film/decode/decoder.py: when pictures are shown."""

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import av
import pytest

from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from tests.assets.films import Film, write_film
from tests.assets.sequences import write_frames
from tests.colorizer.film.encode.test_encoder import coloured


def in_decode_order(source: Path, suffix: str) -> Path:
    """A copy of a film in which the time of each packet is that of its decoding."""
    target = source.with_name(f"decode_order{suffix}")
    with av.open(str(source)) as film, av.open(str(target), "w") as copy:
        stream = copy.add_stream_from_template(film.streams.video[0], opaque=True)
        packets = [packet for packet in film.demux(video=0) if packet.dts is not None]
        first = packets[0].dts
        for packet in packets:
            if packet.size:
                packet.dts -= first
                packet.pts = packet.dts
                packet.stream = stream
                copy.mux(packet)
    return target


@pytest.mark.parametrize("suffix", [".flv", ".mov", ".mkv"])
def test_pictures_are_shown_one_after_the_other(tmp_path: Path, weights: Path, suffix: str) -> None:
    """Breaks: times in the order of decoding are taken for those of display, and half of the film stands still."""
    film = write_film(tmp_path / "film.mp4", Film(frames=40, options={"bf": "3"}))
    source = in_decode_order(film, suffix)
    with av.open(str(source)) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times != sorted(times), "the file is not of the kind that is tested"
    report, result = coloured(source, weights)
    assert report.notes == ()
    with av.open(str(result)) as container:
        shown = [frame.time for frame in container.decode(video=0)]
    assert len(shown) == 40
    assert all(after - before == pytest.approx(0.04, abs=0.002) for before, after in pairwise(shown))


@pytest.mark.parametrize(("name", "pixels"), [("{}.dpx", "gbrp10be"), ("{}.png", "gray"), ("{}.tif", "gray16le")])
@pytest.mark.parametrize("damaged", [5, 6, 7])
def test_a_damaged_frame_at_the_end_takes_no_other_along(tmp_path: Path, name: str, pixels: str, damaged: int) -> None:
    """Breaks: the error ends the flush of a decoder that has more pictures in other threads."""
    write_frames(tmp_path, name, range(8), pixels)
    frame = tmp_path / name.format(damaged)
    frame.write_bytes(frame.read_bytes()[: frame.stat().st_size // 2])
    info = probe_film(tmp_path / f"#{frame.suffix}", 100, "24")
    assert [decoded.pts for decoded in read_frames(info)] == [number for number in range(8) if number != damaged]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")
def test_an_empty_packet_of_theora_repeats_the_picture(tmp_path: Path, weights: Path) -> None:
    """Breaks: the report says that frames are damaged or missing."""
    film = write_film(tmp_path / "film.mkv", Film(frames=5, rate=5))
    source = tmp_path / "film.ogv"
    repeated = ["-vf", "loop=2:1:2", "-c:v", "libtheora", "-q:v", "8"]  # the third picture is shown three times
    subprocess.run(["ffmpeg", "-v", "error", "-i", film, *repeated, source], check=True, stdin=subprocess.DEVNULL)
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    expected = [float(packet.pts * packet.time_base) for packet in packets if packet.size]
    assert len(expected) < len(packets), "the file is not of the kind that is tested"
    report, result = coloured(source, weights)
    assert report.notes == ()
    with av.open(str(result)) as container:
        assert [frame.time for frame in container.decode(video=0)] == pytest.approx(expected, abs=0.002)
