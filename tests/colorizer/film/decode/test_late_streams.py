"""Tests of colorizer/film/decode/late_streams.py: a stream that begins in mid-film is in the result, in step."""

from contextlib import AbstractContextManager
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.container import InputContainer

from colorizer.errors import MediaError
from colorizer.film.decode.container import open_film
from colorizer.film.decode.late_streams import find_streams
from colorizer.film.decode.packets import read_packets
from colorizer.film.decode.probe import codec_of
from tests.assets.discs import padding, subtitle_pack
from tests.assets.films import Film, write_film
from tests.colorizer.film.decode.test_transport_stream import broadcast
from tests.colorizer.film.encode.test_encoder import coloured

RATE = 2
"""Frames a second: few are to be coloured in more than the seconds of a film that libav looks at."""
LONG = Film(frames=20, rate=RATE, sounds=("ac3",))
SHORT = Film(frames=4, rate=RATE, sounds=("ac3",))
TWO_SOUNDS = Film(frames=4, rate=RATE, sounds=("ac3", "mp2"))
SLOW = Film(frames=20, rate=RATE, sounds=("mp2",))
SLOW_SILENT = Film(frames=20, rate=RATE)


def opened(path: Path) -> AbstractContextManager[InputContainer]:
    """A film with all its streams."""
    return open_film(path, streams=find_streams(path, lambda _share: None))


def first_times(path: Path) -> dict[str, float]:
    """When the first packet of each stream is shown, by its codec, in the order of the streams."""
    times: dict[str, float] = {}
    with opened(path) as film:
        names = {each.index: codec_of(each) for each in film.streams}
        for packet in read_packets(film, list(film.streams)):
            if packet.size and packet.pts is not None and packet.stream.index in names:
                times.setdefault(names[packet.stream.index], float(packet.pts * packet.time_base))
    return {name: times[name] for name in names.values() if name in times}


def test_a_second_sound_of_a_programme_stream_is_kept(tmp_path: Path, weights: Path) -> None:
    """Breaks: libav meets it after it has opened the file, and its binding gives out no packet of it."""
    long, two = (write_film(tmp_path / f"{film.frames}.vob", film) for film in (LONG, TWO_SOUNDS))
    source = tmp_path / "film.vob"
    end = write_film(tmp_path / "short.vob", SHORT).read_bytes()
    source.write_bytes(long.read_bytes() + two.read_bytes() + padding(200) + end)
    report, result = coloured(source, weights)
    assert report.notes == ()
    assert report.frames == 28
    assert list(first_times(result)) == ["h264", "ac3", "mp2"]
    with av.open(str(result)) as film, av.open(str(two)) as original:
        kept = [bytes(packet) for packet in film.demux(audio=1) if packet.size]
        assert kept == [bytes(packet) for packet in original.demux(audio=1) if packet.size]


def test_it_is_in_step_with_the_pictures(tmp_path: Path) -> None:
    """Although the clock of a disc begins anew with each part, of which one lasts less than a second."""
    parts = [
        Film(frames, codec="mpeg2video", sounds=sounds) for frames, sounds in ((200, ("ac3",)), (20, ("ac3", "mp2")))
    ]
    long, two = (write_film(tmp_path / f"{film.frames}.vob", film) for film in parts)
    source = tmp_path / "film.vob"
    source.write_bytes(long.read_bytes() + two.read_bytes() + padding(200) + long.read_bytes())
    with opened(source) as film:
        packets = [each for each in read_packets(film, list(film.streams)) if each.size]
        shown = [each.dts * each.time_base for each in packets if codec_of(each.stream) == "mpeg2video" and each.dts]
    assert {after - before for before, after in pairwise(shown)} == {Fraction(1, 25)}
    heard = [each.pts * each.time_base for each in packets if codec_of(each.stream) == "ac3" and each.pts]
    assert heard[-1] - heard[0] == pytest.approx(float(shown[-1] - shown[0]), abs=0.04)
    with av.open(str(two)) as film:
        begin = next(each.dts * each.time_base for each in film.demux(video=0) if each.dts)
    late = first_times(source)["mp2"] - float(shown[200])
    assert late == pytest.approx(first_times(two)["mp2"] - float(begin), abs=0.001)


def test_a_subtitle_of_a_programme_stream_is_kept(tmp_path: Path, weights: Path) -> None:
    """The one subtitle of a film comes after minutes, say."""
    source = write_film(tmp_path / "film.vob", LONG)
    content = source.read_bytes()
    place = len(content) * 95 // 100 // 2048 * 2048
    source.write_bytes(content[:place] + subtitle_pack(9.75, 0x22) + padding(200) + content[place:])
    report, result = coloured(source, weights)
    assert report.notes == ()
    assert first_times(result)["dvd_subtitle"] == pytest.approx(9.75, abs=0.001)


def test_a_film_begins_when_it_did(tmp_path: Path) -> None:
    """What is put in front of it, and its own first time, change nothing else."""
    source = write_film(tmp_path / "film.vob", LONG)
    content = source.read_bytes()
    with opened(source) as plain:
        expected = plain.start_time, plain.streams.video[0].sample_aspect_ratio, plain.streams.video[0].average_rate
    times = first_times(source)
    source.write_bytes(content[:-2048] + subtitle_pack(9.75, 0x20) + padding(200) + content[-2048:])
    with opened(source) as film:
        assert {stream.type for stream in film.streams} == {"audio", "subtitle", "video"}
        picture = film.streams.video[0]
        assert (film.start_time, picture.sample_aspect_ratio, picture.average_rate) == expected
    assert first_times(source) == times | {"dvd_subtitle": 9.75}


def test_sound_that_a_transport_stream_lists_and_brings_late_is_kept(tmp_path: Path, weights: Path) -> None:
    """A capture card that finds no sound at first. Breaks: libav knows no sample rate, and no container takes it."""
    source = tmp_path / "film.ts"
    source.write_bytes(
        broadcast(tmp_path, 256, write_film(tmp_path / "film.mkv", Film(40, rate=RATE, sounds=("mp2",))))
    )
    content = source.read_bytes()
    packets = [content[place : place + 188] for place in range(0, len(content), 188)]
    late = len(packets) * 3 // 4
    kept = [each for n, each in enumerate(packets) if n > late or (each[1] & 0x1F) << 8 | each[2] != 257]
    source.write_bytes(b"".join(kept))
    with av.open(str(source)) as plain:
        assert plain.streams.audio[0].sample_rate == 0
        expected = next(float(each.pts * each.time_base) for each in plain.demux(audio=0) if each.pts)
    report, result = coloured(source, weights)
    assert report.notes == ()
    assert first_times(result)["mp2"] == pytest.approx(expected, abs=0.05)


def test_a_sound_that_a_table_adds_is_kept(tmp_path: Path, weights: Path) -> None:
    """It has no track to go on in, so it gets its own."""
    silent, film = (write_film(tmp_path / f"{name}.mkv", each) for name, each in (("a", SLOW_SILENT), ("b", SLOW)))
    source = tmp_path / "film.ts"
    source.write_bytes(broadcast(tmp_path, 256, silent) + broadcast(tmp_path, 256, film))
    report, result = coloured(source, weights)
    assert report.notes == ()
    assert report.frames == 40
    assert first_times(result)["mp2"] - first_times(result)["h264"] == pytest.approx(10, abs=0.1)


def test_one_identifier_with_two_codecs_is_two_tracks(tmp_path: Path) -> None:
    """A broadcaster goes from stereo to surround at the beginning of a film, under the same identifier."""
    films = [write_film(tmp_path / f"{codec}.mkv", Film(20, rate=RATE, sounds=(codec,))) for codec in ("mp2", "ac3")]
    source = tmp_path / "film.ts"
    source.write_bytes(b"".join(broadcast(tmp_path, 256, film) for film in films) + broadcast(tmp_path, 256, films[0]))
    with opened(source) as film:
        streams = {each.index: codec_of(each) for each in film.streams.audio}
        packets = [streams[each.stream.index] for each in film.demux(audio=tuple(range(len(streams)))) if each.size]
    assert list(streams.values()) == ["mp2", "ac3"]
    first, last = packets.index("ac3"), len(packets) - packets[-2::-1].index("ac3")  # the last one waits for its end
    assert set(packets[:first]) == set(packets[last:-1]) == {"mp2"}


@pytest.mark.parametrize("suffix", [".vob", ".ts"])
def test_reading_a_film_through_is_told_and_can_be_stopped(tmp_path: Path, suffix: str) -> None:
    """Breaks: a disc of 8 GB on a slow share is stopped for want of progress before its first frame, or seems to be."""
    source = write_film(tmp_path / f"film{suffix}", Film(frames=4, codec="mpeg2video", sounds=("mp2",)))
    source.write_bytes(source.read_bytes() * (24_000_000 // source.stat().st_size))
    told: list[float] = []
    find_streams(source, told.append)
    assert len(told) >= 3
    assert told == sorted(told)
    assert 0 <= told[0] < 0.5 < told[-1] <= 1

    def stop(_share: float) -> None:
        raise InterruptedError

    with pytest.raises((InterruptedError, MediaError)):
        find_streams(source, stop)


def test_a_programme_stream_is_reported_before_it_is_opened(tmp_path: Path) -> None:
    """Breaks: libav reads gigabytes of zeros when it opens a film, and nobody knew that it was being read."""
    shares: list[float] = []
    find_streams(write_film(tmp_path / "film.vob", Film(20, codec="mpeg2video", sounds=("ac3",))), shares.append)
    assert shares[0] == 0
