"""Tests of colorizer/film/decode/transport_stream.py: broadcasts whose streams get other identifiers."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from colorizer.film.decode.container import open_film
from colorizer.film.decode.transport_stream import ContinuedFile, read_tables
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured

FRAMES = 40
FILM = Film(frames=FRAMES, codec="mpeg2video", sounds=("mp2",))


def broadcast(folder: Path, pid: int, *films: Path) -> bytes:
    """A transport stream with a programme for each film."""
    target = folder / f"part-{pid}.ts"
    with av.open(str(target), "w", options={"mpegts_start_pid": str(pid)}) as result:
        for film in films:
            with av.open(str(film)) as source:
                streams = {
                    stream.index: result.add_stream_from_template(stream, opaque=True) for stream in source.streams
                }
                for packet in source.demux():
                    if packet.size:
                        packet.stream = streams[packet.stream.index]
                        result.mux(packet)
    return target.read_bytes()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Pictures and sound."""
    return write_film(tmp_path / "film.mkv", FILM)


@pytest.mark.parametrize("pids", [(256, 512), (256, 512, 256), (256, 300, 256, 400)])
def test_a_film_goes_on_with_other_identifiers(
    tmp_path: Path, weights: Path, film: Path, pids: tuple[int, ...]
) -> None:
    """Breaks: only the first part is coloured, and the report says that the file ends early."""
    source = tmp_path / "film.ts"
    source.write_bytes(b"".join(broadcast(tmp_path, pid, film) for pid in pids))
    report, result = coloured(source, weights)
    assert report.notes == ()
    assert report.frames == FRAMES * len(pids)
    with av.open(str(result)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        shown = [frame.time for frame in container.decode(video=0)]
    assert all(before < after < before + 0.2 for before, after in pairwise(shown) if before and after)
    with av.open(str(result)) as container, av.open(str(film)) as original:
        sounds = sum(packet.size > 0 for packet in original.demux(audio=0))
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        assert len(packets) == sounds * len(pids)
        assert float((packets[-1].pts or 0) * packets[-1].time_base) == pytest.approx(shown[-1] or 0, abs=0.3)


def test_any_part_of_the_file_is_read_alike(tmp_path: Path, film: Path) -> None:
    """Libav seeks and reads blocks of any length."""
    source = tmp_path / "film.ts"
    source.write_bytes(broadcast(tmp_path, 256, film) + broadcast(tmp_path, 512, film))
    tables = read_tables(source)
    assert tables is not None
    with ContinuedFile(source, tables) as file:
        whole = file.read()
        assert len(whole) == source.stat().st_size
        for begin, size in ((0, 1), (187, 3), (len(whole) // 2 - 50, 1000), (len(whole) - 5, 50)):
            file.seek(begin)
            assert file.read(size) == whole[begin : begin + size]


def test_films_of_other_kinds_are_left_alone(tmp_path: Path, film: Path) -> None:
    """No other container is taken for a transport stream, and one without changes is read by libav itself."""
    assert read_tables(film) is None
    plain = tmp_path / "film.ts"
    plain.write_bytes(broadcast(tmp_path, 256, film))
    tables = read_tables(plain)
    assert tables is not None
    assert tables.changes == ()
    with open_film(plain) as container:
        assert container.format.name == "mpegts"


def test_damaged_tables_are_not_believed(tmp_path: Path, film: Path) -> None:
    """Breaks: a listing with a wrong bit takes the packets of pictures for tables, and hides them."""
    source = tmp_path / "film.ts"
    content = bytearray(broadcast(tmp_path, 256, film))
    source.write_bytes(content)
    whole = read_tables(source)
    listings = [place for place in range(0, len(content), 188) if not content[place + 1] & 0x1F | content[place + 2]]
    content[listings[-1] + 16] ^= 0xFF  # the identifier of a map
    source.write_bytes(content)
    damaged = read_tables(source)
    assert whole is not None
    assert damaged is not None
    assert damaged.tables == whole.tables


def test_where_no_packet_begins_nothing_is_changed(tmp_path: Path, film: Path) -> None:
    """Bytes were lost, and what looks like an identifier is none."""
    source = tmp_path / "film.ts"
    first, second = (broadcast(tmp_path, pid, film) for pid in (256, 512))
    content = bytearray(first + second)
    place = next(n for n in range(len(content) - 188, 0, -188) if content[n + 1] & 0x1F == 2)
    content[place] = 0
    source.write_bytes(content)
    tables = read_tables(source)
    assert tables is not None
    with ContinuedFile(source, tables) as file:
        file.seek(place)
        assert file.read(188) == content[place : place + 188]
