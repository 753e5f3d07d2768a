"""Tests of colorizer/film/decode/folders/disc_titles.py: what the tables of a disc say is in the result."""

import shutil
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from hypothesis import given, settings
from hypothesis import strategies as st

from colorizer.disc import title_sets
from colorizer.film.decode.container import open_film
from colorizer.film.decode.folders.disc_film import describe_disc
from colorizer.film.decode.folders.disc_titles import DiscTitles, read_titles
from colorizer.film.decode.packets import read_packets
from tests.assets.discs import author_disc
from tests.assets.films import Film
from tests.colorizer.film.decode.folders.test_disc_film import colour

pytestmark = pytest.mark.skipif(
    not (shutil.which("dvdauthor") and shutil.which("ffmpeg")), reason="discs are made by dvdauthor and ffmpeg"
)

LONG = Film(50, 352, 288, "mpeg2video", sounds=("ac3", "ac3"), settings={"gop_size": 12})
SHORT = Film(25, 352, 288, "mpeg2video", sounds=("ac3", "ac3"), settings={"gop_size": 12})
CHAIN = 0x1018
"""Where dvdauthor puts the first programme chain of a title set."""
CELL_BYTES = 24


@pytest.fixture(scope="module")
def episodes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A disc with two titles."""
    titles = '<pgc><vob file="{a}" chapters="0,1"/></pgc><pgc><vob file="{b}"/></pgc>'
    return author_disc(tmp_path_factory.mktemp("disc") / "Holiday", titles, {"a": LONG, "b": SHORT}, subtitle="a")


def titles_of(disc: Path) -> DiscTitles | None:
    """The titles of the first title set."""
    return read_titles(disc, 1, title_sets(disc)[1])


def first_cell(ifo: bytearray) -> int:
    """Where the table of cells of the first programme chain begins."""
    return CHAIN + int.from_bytes(ifo[CHAIN + 0xE8 : CHAIN + 0xEA], "big")


def chapters_of(ifo: bytearray) -> int:
    """Where the table of chapters says where those of the first title begin."""
    return int.from_bytes(ifo[0xC8:0xCC], "big") * 2048 + 8


def with_tables(disc: Path, tables: bytes, folder: Path) -> Path:
    """A copy of a disc with other tables."""
    target = folder / "copy" / "VIDEO_TS"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(disc, target)
    for name in ("VTS_01_0.IFO", "VTS_01_0.BUP"):
        (target / name).write_bytes(tables)
    return target


def test_languages_chapters_and_colours_are_in_the_result(episodes: Path, weights: Path) -> None:
    """And the shape of the picture; each packet in step."""
    report, result = colour(episodes, weights)
    assert report.notes == (
        "title set 1 of the disc is coloured; its menus and extras are not",
        "its titles follow one another: 1, 2",
    )
    assert report.frames == 75
    with av.open(str(result)) as film:
        assert [each.metadata.get("language") for each in film.streams] == [None, "ger", "eng", "fre"]
        assert film.streams[2].disposition & Disposition.comment
        assert film.streams.video[0].display_aspect_ratio == pytest.approx(16 / 9, abs=0.01)
        colours = bytes(film.streams.subtitles[0].codec_context.extradata or b"").decode()
        assert colours.startswith("size: 352x288\npalette: ")
        assert [float(each["start"] * each["time_base"]) for each in film.chapters()] == pytest.approx(
            [0.54, 1.5, 2.54], abs=0.001
        )
        names = [each["metadata"]["title"] for each in film.chapters()]
        assert names == ["Title 1, chapter 1", "Title 1, chapter 2", "Title 2, chapter 1"]
        assert [frame.time for frame in film.decode(video=0)][50] == pytest.approx(2.54, abs=0.002)
    assert packets(result) == packets(episodes)


def packets(path: Path) -> list[list[tuple[int, bytes]]]:
    """Time in milliseconds and content of all packets of each sound and subtitle."""
    with open_film(path) as film:
        wanted = [each for each in film.streams if each.type in {"audio", "subtitle"}]
        found: dict[int, list[tuple[int, bytes]]] = {each.index: [] for each in wanted}
        for each in read_packets(film, wanted):
            if each.size and each.pts is not None:
                found[each.stream.index].append((round(each.pts * each.time_base * 1000), bytes(each)))
    return list(found.values())


def test_a_title_that_plays_all_is_the_film(tmp_path: Path) -> None:
    """Its chapters are those of the episodes, and nothing comes twice."""
    titles = (
        '<pgc><vob file="{b}"/></pgc><pgc><vob file="{a}" chapters="0"/><vob file="{b}" chapters="0"/></pgc>'
        '<pgc><vob file="{a}"/></pgc>'
    )
    disc = author_disc(tmp_path / "Holiday", titles, {"a": LONG, "b": SHORT})
    found = titles_of(disc)
    assert found is not None
    assert found.length == 3
    assert [float(mark.start) for mark in found.chapters] == pytest.approx([0.54, 2.54], abs=0.001)
    assert found.notes == ()


def test_of_several_angles_the_first_is_read(episodes: Path, tmp_path: Path) -> None:
    """Breaks: all of them are, one after the other or in turn."""
    tables = bytearray((episodes / "VTS_01_0.IFO").read_bytes())
    cells = first_cell(tables)
    before = titles_of(episodes)
    tables[cells], tables[cells + CELL_BYTES] = 0x54, 0xD4  # both are in a block of angles, interleaved
    ends = cells + 8, cells + CELL_BYTES + 20
    last = tables[ends[1] : ends[1] + 4]
    tables[cells + 20 : cells + 24] = last
    disc = with_tables(episodes, bytes(tables), tmp_path)
    found = titles_of(disc)
    assert before is not None
    assert found is not None
    assert found.pieces[0].size < before.pieces[0].size
    assert found.length == before.length - before.chapters[1].end + before.chapters[1].start
    assert list(describe_disc(disc))[-1] == "of scenes that were filmed from several angles, the first is coloured"


def test_tables_that_contradict_the_files_are_named(episodes: Path, tmp_path: Path, weights: Path) -> None:
    """Somebody else's tables, or those of another edition: the film is all of the files."""
    tables = bytearray((episodes / "VTS_01_0.IFO").read_bytes())
    tables[first_cell(tables) + 11] += 1
    disc = with_tables(episodes, bytes(tables), tmp_path)
    report, _ = colour(disc, weights)
    assert report.frames == 75
    assert report.notes[1] == "VTS_01_0.IFO is missing or damaged: languages, chapters and subtitle colours left out"


def test_the_copy_of_the_tables_serves(episodes: Path, tmp_path: Path) -> None:
    """Discs have one for this purpose."""
    disc = with_tables(episodes, (episodes / "VTS_01_0.IFO").read_bytes(), tmp_path)
    (disc / "VTS_01_0.IFO").write_bytes(b"DVDVIDEO-VTS")
    found, before = titles_of(disc), titles_of(episodes)
    assert found is not None
    assert before is not None
    assert found.chapters == before.chapters


def test_a_file_by_itself_has_the_languages_of_its_set(episodes: Path) -> None:
    """One of another title set, say, which the report of the disc names."""
    with open_film(episodes / "VTS_01_1.VOB") as film:
        assert [each.metadata.get("language") for each in film.streams if each.type != "data"] == [
            None,
            "ger",
            "eng",
            "fre",
        ]


def test_a_title_without_chapters_is_passed_over(episodes: Path, tmp_path: Path) -> None:
    """Breaks: it ends in an error of Python."""
    tables = bytearray((episodes / "VTS_01_0.IFO").read_bytes())
    begins = chapters_of(tables)
    tables[begins : begins + 4] = tables[begins + 4 : begins + 8]
    found = titles_of(with_tables(episodes, bytes(tables), tmp_path))
    assert found is not None
    assert found.length == 1


def test_tables_that_lead_back_are_of_no_use(episodes: Path, tmp_path: Path) -> None:
    """A table of 4 MiB that does so again and again would be read for hours."""
    tables = bytearray((episodes / "VTS_01_0.IFO").read_bytes())
    begins = chapters_of(tables)
    tables[begins + 4 : begins + 8] = bytes(4)
    assert titles_of(with_tables(episodes, bytes(tables), tmp_path)) is None


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_tables_never_fail_the_film(
    episodes: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """They are of use, or of none; what is read lies in the files."""
    tables = bytearray((episodes / "VTS_01_0.IFO").read_bytes())
    used = [place for place, byte in enumerate(tables) if byte]
    for place in data.draw(st.lists(st.sampled_from(used) | st.integers(0, len(tables) - 1), min_size=1, max_size=8)):
        tables[place] = data.draw(st.integers(0, 255))
    disc = with_tables(
        episodes, bytes(tables[: data.draw(st.integers(0, len(tables)))]), tmp_path_factory.getbasetemp()
    )
    found = titles_of(disc)
    if found is not None:
        assert 0 < sum(piece.size for piece in found.pieces) <= sum(file.stat().st_size for file in title_sets(disc)[1])
        with open_film(disc) as film:
            assert film.streams.video
