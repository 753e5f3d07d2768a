"""Tests of colorizer/film/decode/decoder.py: when pictures are shown."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.assets.films import Film, write_film
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
