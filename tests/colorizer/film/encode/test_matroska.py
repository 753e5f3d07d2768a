"""Tests of colorizer/film/encode/matroska.py: what libav does not write, in films that tintd writes."""

import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from colorizer.film.encode.ebml import Element, master, number
from colorizer.film.encode.matroska import (
    BCP_47,
    CROP,
    DISPLAY,
    VIDEO,
    Additions,
    PictureSettings,
    add_to_header,
    keep_room,
    moved_chapters,
    read_header,
)
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured

SECOND = 10**9


def chapter(uid: int, begin: int, end: int | None, *inner: Element) -> Element:
    """A chapter from one second to another, with those inside it."""
    times = [number(0x91, begin * SECOND), *([] if end is None else [number(0x92, end * SECOND)])]
    name = master(0x80, Element(0x85, f"Akt {uid}".encode()), Element(0x437D, b"de"))
    return master(0xB6, number(0x73C4, uid), *times, name, *inner)


CHAPTERS = master(
    0x1043A770,
    master(0x45B9, number(0x45BC, 1), chapter(1, 0, 2, chapter(2, 1, None)), chapter(3, 2, 4)),
    master(0x45B9, number(0x45BC, 2), chapter(4, 3, 4)),
)
"""Two editions; a chapter of the first has one inside it."""


def with_header(source: Path, additions: Additions) -> Path:
    """A copy of a film in Matroska, whose header has more than libav writes."""
    target = source.with_name("rich.mkv")
    with av.open(str(source)) as film, av.open(str(target), "w") as copy:
        streams = {stream.index: copy.add_stream_from_template(stream, opaque=True) for stream in film.streams}
        keep_room(copy, additions)
        for packet in film.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                copy.mux(packet)
    add_to_header(target, additions)
    return target


@pytest.mark.parametrize("encoder", ["h264", "ffv1", "prores"])
def test_an_anamorphic_film_keeps_its_shape_in_matroska(tmp_path: Path, weights: Path, encoder: str) -> None:
    """Breaks: players that go by the container (mpv, VLC) show every DVD that became an MKV too narrow."""
    shape = Fraction(16, 11)
    film = Film(width=352, height=288, frames=3, settings={"sample_aspect_ratio": shape})
    plain = write_film(tmp_path / "film.mp4", film)
    with av.open(str(plain)) as container:
        assert container.streams.video[0].sample_aspect_ratio == shape
    source = with_header(plain, Additions({0: PictureSettings(shape)}))
    report, result = coloured(source, weights, encoder=encoder)
    assert report.notes == () or encoder == "prores"
    shown = {element.id: element.number for element in read_header(result).tracks[0].child(VIDEO).children()}
    assert [shown[side] for side in DISPLAY[:2]] == [512, 288]
    with av.open(str(result)) as container:
        assert container.streams.video[0].sample_aspect_ratio == shape


def test_crop_languages_editions_and_nested_chapters_are_kept(tmp_path: Path, weights: Path) -> None:
    """Breaks: a film from an archive loses what its header says, and nobody is told."""
    settings = PictureSettings(None, (number(CROP[0], 4), number(CROP[1], 4), number(DISPLAY[0], 96)))
    languages = {0: Element(BCP_47, b"de-AT"), 1: Element(BCP_47, b"fr-CA")}
    film = write_film(tmp_path / "film.mkv", Film(frames=150, sounds=("ac3",)))
    source = with_header(film, Additions({0: settings}, languages, CHAPTERS))
    original = read_header(source)
    report, result = coloured(source, weights, options={"g": "25"})
    assert report.notes == ()
    header = read_header(result)
    assert header.chapters is not None
    assert original.chapters is not None
    assert header.chapters.children() == original.chapters.children() == CHAPTERS.children()
    for track, before in zip(header.tracks, original.tracks, strict=True):
        assert track.child(BCP_47) == before.child(BCP_47) != None  # noqa: E711 (both have one)
    video = header.tracks[0].child(VIDEO)
    assert video is not None
    assert set(settings.elements) <= set(video.children())
    with av.open(str(result)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert len(list(container.decode(video=0))) == 150
        container.seek(4_000_000)  # the index still names the right places
        assert next(container.decode(video=0)).time > 2  # type: ignore[operator]


def test_linked_files_stay_linked(tmp_path: Path, weights: Path) -> None:
    """Breaks: a player no longer finds the opening that an ordered chapter shows, nor the file behind this one."""
    links = (Element(0x73A4, b"This file is one"), Element(0x3EB923, b"The next is that"))
    opening = master(0xB6, number(0x73C4, 9), number(0x91, 0), Element(0x6E67, b"An opening's uid"))
    film = write_film(tmp_path / "film.mkv", Film(frames=3))
    source = with_header(film, Additions({}, chapters=master(0x1043A770, master(0x45B9, opening)), links=links))
    report, result = coloured(source, weights)
    assert set(read_header(result).links) == set(read_header(source).links) == set(links)
    assert any("parts of other files" in note for note in report.notes), report.notes


def test_chapters_of_a_part_of_a_film() -> None:
    """What lies outside goes, what reaches over an edge ends there, and an edition without chapters goes too."""
    part = moved_chapters(CHAPTERS, Fraction(1), Fraction(2))
    assert part is not None
    (edition,) = part.children()
    assert edition.children()[1:] == [
        chapter(1, 0, 1, chapter(2, 0, None)),
        chapter(3, 1, 2),
    ]
    assert moved_chapters(CHAPTERS, Fraction(9), None) is None


@pytest.mark.skipif(shutil.which("mkvinfo") is None, reason="mkvinfo, which judges the file, is missing")
def test_another_reader_finds_the_header_sound(tmp_path: Path, weights: Path) -> None:
    """The header that was written again is what the makers of Matroska read, checksums included."""
    source = with_header(write_film(tmp_path / "film.mkv", Film(frames=30)), Additions({}, {}, CHAPTERS))
    _, result = coloured(source, weights)
    read = subprocess.run(["mkvinfo", "-v", result], check=True, capture_output=True, text=True).stdout
    assert "Akt 4" in read
    assert not {"error", "invalid", "damaged"} & set(read.lower().split())
