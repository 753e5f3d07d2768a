"""Tests of colorizer/film/decode/probe.py: what is known of a film before it is decoded."""

import random
import re
from fractions import Fraction
from pathlib import Path

import pytest

from colorizer.errors import TintdError, UnsupportedError
from colorizer.film.decode.film_info import SideStream
from colorizer.film.decode.frames import read_frames, sample_runs
from colorizer.film.decode.probe import probe_film
from colorizer.film.decode.scan import judge_scan
from colorizer.settings import FilmSettings
from tests.assets.films import Film, write_film


def test_streams_and_metadata_are_part_of_the_description(tmp_path: Path) -> None:
    """Nothing that is needed to choose the container has to be read again."""
    film = Film(sounds=("aac", "ac3"), metadata={"title": "Reel 7"})
    info = probe_film(write_film(tmp_path / "film.mkv", film), 100)
    assert info.side_streams == (SideStream(1, "audio", "aac"), SideStream(2, "audio", "ac3"))
    assert info.tags == {"title": "Reel 7"}
    assert info.chapters == ()
    assert (info.codec, info.container) == ("h264", "matroska,webm")


def test_a_film_of_constant_rate(tmp_path: Path) -> None:
    """Size, rate and number of frames are those that were written."""
    info = probe_film(write_film(tmp_path / "film.mp4", Film(frames=30, rate=24)), 100)
    assert (info.width, info.height, info.expected, info.rate) == (96, 64, 30, 24)
    assert info.constant_rate
    assert info.usual_duration * info.time_base == Fraction(1, 24)


def test_untagged_film_grey_has_the_range_of_its_codec(tmp_path: Path) -> None:
    """Grey goes from 0 to white, except in codecs whose standard says otherwise."""
    archive = probe_film(write_film(tmp_path / "a.mkv", Film(pixels="gray", codec="ffv1")), 100)
    usual = probe_film(write_film(tmp_path / "b.mkv", Film(pixels="gray", codec="libx264")), 100)
    assert archive.coding.full
    assert not usual.coding.full


def test_matroska_without_durations_promises_no_constant_rate(tmp_path: Path) -> None:
    """Breaks: libav takes ticks for frames there, and each frame would seem to follow a gap."""
    pts = tuple(3000 * number for number in range(30))
    source = write_film(
        tmp_path / "film.mkv", Film(frames=30, pts=pts, rate=600, options={"x264-params": "force-cfr=1"})
    )
    content = source.read_bytes()
    place = content.index(b"\x23\xe3\x83")  # DefaultDuration; an element Void of the same size takes its place
    end = place + 4 + (content[place + 3] & 0x7F)
    source.write_bytes(content[:place] + bytes((0xEC, 0x80 + end - place - 2)) + bytes(end - place - 2) + content[end:])
    info = probe_film(source, 100)
    assert not info.constant_rate
    assert not any(frame.deviations for frame in read_frames(info))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.mkv", "libx264"),
        ("film.mp4", "libx264"),
        ("film.mov", "prores_ks"),
        ("film.ts", "mpeg2video"),
        ("film.vob", "mpeg2video"),
        ("film.avi", "mpeg4"),
    ],
)
def test_damage_of_any_kind_has_a_sentence(tmp_path: Path, name: str, codec: str) -> None:
    """A damaged film is read as far as it goes, or refused in words that hold no name of Python's."""
    pixels = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    whole = write_film(tmp_path / name, Film(frames=8, codec=codec, pixels=pixels)).read_bytes()
    sentences = []
    chance = random.Random(name)
    damaged = tmp_path / f"damaged{Path(name).suffix}"
    for _ in range(40):
        content = bytearray(whole[: chance.choice([len(whole), chance.randrange(1, len(whole))])])
        for _ in range(chance.choice([1, 8, 64])):
            content[chance.randrange(len(content))] = chance.randrange(256)
        damaged.write_bytes(content)
        try:
            info = probe_film(damaged, 20)
            list(read_frames(judge_scan(info, sample_runs(info, None, 2, 4), FilmSettings()), keep_fields=False))
        except TintdError as refused:
            sentences.append(str(refused))
    assert not [said for said in sentences if re.search(r"[a-z]Error|Exception|object at|<class", said)]


def test_a_name_that_promises_more_than_the_file_has_a_sentence(tmp_path: Path) -> None:
    """Breaks: libav takes it for a film by its suffix alone, and calls its header an invalid argument."""
    source = tmp_path / "film.y4m"
    source.write_bytes(bytes.fromhex("59f3c402") + b"PPEG2 W192 H144 F25:1 Ip A4:3")
    with pytest.raises(UnsupportedError, match=r"film\.y4m: neither a photograph nor a film"):
        probe_film(source, 100)


def test_a_picture_without_a_decoder_is_refused(tmp_path: Path) -> None:
    """Breaks: the sentence asks the stream for its tag, which it does not have, and an error of Python's comes out."""
    source = write_film(tmp_path / "film.mkv", Film(frames=2))
    source.write_bytes(source.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_UNKNOWN/FUTUR"))
    with pytest.raises(UnsupportedError, match=r"film\.mkv: there is no decoder for its picture"):
        probe_film(source, 100)
