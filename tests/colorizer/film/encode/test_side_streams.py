"""Tests of colorizer/film/encode/side_streams.py: what becomes of the streams beside the picture."""

import io
from dataclasses import replace
from pathlib import Path

import av
from av.stream import Disposition
from PIL import Image

from colorizer.film.decode.packets import read_packets
from colorizer.film.encode.side_streams import describe_late_streams
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured

SECOND = 90_000
FLASH_HEADER = 13
"""Bytes of a Flash film before its first packet."""


def with_cover(path: Path, cover: bytes) -> Path:
    """A copy of a film with an attached cover."""
    target = path.with_name("cover.mkv")
    with av.open(str(path)) as source, av.open(str(target), "w") as result:
        stream = result.add_stream_from_template(source.streams.video[0], opaque=True)
        result.add_attachment("small_cover.jpg", "image/jpeg", cover)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                result.mux(packet)
    return target


def test_a_cover_in_matroska_stays_an_attachment(tmp_path: Path, weights: Path) -> None:
    """Breaks: libav shows it as a stream of pictures, and written as one it would be a second film."""
    jpeg = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(jpeg, "JPEG")
    source = with_cover(write_film(tmp_path / "film.mkv", Film(frames=5)), jpeg.getvalue())
    report, result = coloured(source, weights)
    assert report.notes == ()
    with av.open(str(result)) as container:
        picture, cover = container.streams
        assert not picture.disposition & Disposition.attached_pic
        assert cover.disposition & Disposition.attached_pic
        tags = {name.lower(): value for name, value in cover.metadata.items()}
        assert (tags["filename"], tags["mimetype"]) == ("small_cover.jpg", "image/jpeg")
        assert [bytes(packet) for packet in container.demux(cover) if packet.size] == [jpeg.getvalue()]


def test_a_stream_that_begins_in_the_middle_is_named(tmp_path: Path) -> None:
    """As the sound of a digital tape, where nothing has told libav of it (see `late_streams`)."""
    silent = Film(frames=40, width=720, height=576, codec="dvvideo")
    source = write_film(tmp_path / "film.dv", silent)
    end = write_film(tmp_path / "end.dv", replace(silent, frames=2, sounds=("pcm_s16le",)))
    source.write_bytes(source.read_bytes() + end.read_bytes())
    with av.open(str(source)) as container:
        assert len(list(read_packets(container, container.streams.video))) >= 42
        told = list(describe_late_streams(container))
    assert told == ["stream 1 (audio, pcm_s16le) left out: it begins in the middle of the film"]


def test_sound_of_a_flash_film_that_begins_late_is_kept(tmp_path: Path, weights: Path) -> None:
    """After the minute and a half in which libav looks for it."""
    long = Film(frames=10, codec="flv", pts=tuple(range(0, 100 * SECOND, 10 * SECOND + 1)))
    short = Film(frames=5, codec="flv", sounds=("mp3",))
    source, end = write_film(tmp_path / "film.flv", long), write_film(tmp_path / "end.flv", short)
    source.write_bytes(source.read_bytes() + end.read_bytes()[FLASH_HEADER:])
    report, result = coloured(source, weights)
    assert report.frames == 15
    with av.open(str(result)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert sum(packet.size > 0 for packet in container.demux(audio=0)) > 5


def test_sound_that_is_converted_lacks_nothing(tmp_path: Path, weights: Path) -> None:
    """Breaks: the encoder's last packet, which is empty, is said to be missing."""
    source = write_film(tmp_path / "film.vob", Film(codec="mpeg2video", sounds=("pcm_dvd",)))
    report, _ = coloured(source, weights)
    assert report.notes == ("stream 1 (audio, pcm_dvd) became FLAC: matroska cannot hold it as it is",)
