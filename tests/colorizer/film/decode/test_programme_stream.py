"""Tests of colorizer/film/decode/programme_stream.py: what a programme stream holds, whatever its bytes are."""

import io
import shutil
import subprocess
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorizer.film.decode.programme_stream import read_programme_stream
from tests.assets.discs import subtitle_pack
from tests.assets.films import Film, write_film

FILM = Film(frames=10, codec="mpeg2video", sounds=("ac3", "mp2"))


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film with two sounds and a subtitle."""
    film = write_film(tmp_path_factory.mktemp("film") / "film.vob", FILM).read_bytes()
    return film + subtitle_pack(0.7, 0x21)


def test_streams_have_the_numbers_that_libav_gives_them(content: bytes) -> None:
    """All of them, in one order."""
    with av.open(io.BytesIO(content), "r", format="mpeg") as film:
        assert {stream.id for stream in film.streams} == set(read_programme_stream(io.BytesIO(content)).beginnings)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")
def test_the_packets_of_mpeg_1_are_read(tmp_path: Path) -> None:
    """Their heads have another form."""
    film = write_film(tmp_path / "film.mkv", Film(frames=10, codec="mpeg1video", sounds=("mp2",)))
    target = tmp_path / "film.mpg"
    command = ["ffmpeg", "-v", "error", "-i", film, "-c", "copy", "-f", "mpeg", target]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    with target.open("rb") as file, av.open(str(target)) as plain:
        stream = read_programme_stream(file)
        known = {each.id: each for each in plain.streams}
        assert stream.beginnings.keys() == known.keys()
        for number, beginning in stream.beginnings.items():
            first = next(bytes(packet) for packet in plain.demux(known[number]) if packet.size)
            assert b"".join(beginning.payloads).startswith(first[: len(beginning.payloads[0])])
            plain.seek(0)


def test_a_film_that_libav_knows_needs_no_introduction(content: bytes) -> None:
    """Most films."""
    stream = read_programme_stream(io.BytesIO(content))
    assert stream.introduction(stream.beginnings.keys()) == b""
    assert b"\0\0\1\xbd" in stream.introduction(stream.beginnings.keys() - {0x21})


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_is_passed_over(content: bytes, data: st.DataObject) -> None:
    """No bytes end in an error, and no stream is made up where only some packets are damaged."""
    damaged = bytearray(content)
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=30)):
        damaged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    read_programme_stream(io.BytesIO(bytes(damaged[:cut])))
    read_programme_stream(io.BytesIO(bytes(damaged[cut:])))


def test_packets_of_any_length_are_read() -> None:
    """The longest of MPEG-1 fits into the introduction, and packets without content are not kept."""
    longest = b"\0\0\1\xc0\xff\xff\x0f" + bytes(0xFFFE)
    introduction = read_programme_stream(io.BytesIO(longest)).introduction(())
    assert introduction[:6] == longest[:6]
    assert len(introduction) == len(longest)
    stream = read_programme_stream(io.BytesIO(b"\0\0\1\xc0\0\1\x0f" * 1000))
    assert stream.beginnings[0x1C0].payloads == []
