"""The tables of a title set's IFO file: its titles with their cells, its tracks with their languages, its colours.

libdvdread reads them, but no Python library that is kept up does, and libav's demuxer for discs (dvdvideo), which is
built upon it, is not in PyAV's builds. Layout of the tables: libdvdread's `ifo_types.h`, and
https://dvd.sourceforge.net/dvdinfo/ifo.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path

from av.stream import Disposition

from colorizer.film.decode.folders.languages import three_letters

_MARK = b"DVDVIDEO-VTS"
_MOST = 1 << 22
"""Bytes of the largest file: those of discs have some hundred kilobytes."""
_MOST_TITLES, _MOST_CHAPTERS, _MOST_CELLS = 99, 999, 9999
"""Numbers that no disc exceeds: of titles, and in one title."""
_SECTOR = 2048
_CHAPTERS, _PROGRAMMES = 0xC8, 0xCC
"""Places of the sector numbers of the tables."""
_PICTURE, _SOUNDS, _SUBTITLES = 0x200, 0x202, 0x254
_WIDE = 3
_SHAPES = {0: Fraction(4, 3), _WIDE: Fraction(16, 9)}
"""Shape of the picture, by its code."""
_RATES = {0: Fraction(30_000, 1001), 1: Fraction(25)}
"""Frames per second, by the code of the standard: NTSC, PAL."""
_FIRST_OF_CODING = {0: 0x80, 2: 0x1C0, 3: 0x1C0, 4: 0xA0, 6: 0x88}
"""libav's number of the first stream, by the coding of sound: AC-3, MPEG-1, MPEG-2, LPCM, DTS."""
_FIRST_SUBTITLE = 0x20
_SOUND_FLAGS = {2: Disposition.visual_impaired, 3: Disposition.comment, 4: Disposition.comment}
_SUBTITLE_FLAGS = {
    **dict.fromkeys((5, 6, 7), Disposition.hearing_impaired),
    9: Disposition.forced,
    **dict.fromkeys((13, 14, 15), Disposition.comment),
}
"""What a track is for, by its code extension."""


@dataclass(frozen=True, slots=True)
class Track:
    """What the tables say of a stream."""

    language: str
    """ISO 639-2; empty where it is not told."""
    flags: int
    """libav's AV_DISPOSITION flags."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a title, within one part of a recording."""

    first: int
    """Number of the first sector in the files of the title set."""
    last_unit: int
    """That at which the last unit of pictures begins."""
    last: int
    vob: int
    """Numbers of the recording and of the cell in it, which the sectors repeat."""
    number: int
    interleaved: bool
    """Whether units of other cells lie between its own."""


@dataclass(frozen=True, slots=True)
class Title:
    """Cells that are shown one after the other."""

    number: int
    cells: tuple[Cell, ...]
    chapters: tuple[int, ...]
    """Places among the cells at which a chapter begins, rising."""
    tracks: Mapping[int, Track]
    """By libav's number of the stream (`Stream.id`)."""
    palette: tuple[int, ...]
    """The 16 colours of the subtitles, as 0xRRGGBB."""
    angles: bool
    """Whether parts of it were filmed from several angles, of which these are the cells of the first."""


@dataclass(frozen=True, slots=True)
class TitleSet:
    """What an IFO file says."""

    shape: Fraction | None
    """Width of the picture by its height."""
    rate: Fraction
    """Frames per second."""
    titles: tuple[Title, ...]


def read_ifo(path: Path) -> TitleSet | None:
    """Read the tables of a title set; None where the file is missing or makes no sense."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST)
        return _title_set(content) if content.startswith(_MARK) else None
    except (OSError, struct.error, IndexError, ValueError):
        return None


def _title_set(content: bytes) -> TitleSet:
    chapters, programmes = (_u32(content, place) * _SECTOR for place in (_CHAPTERS, _PROGRAMMES))
    titles = (_title(content, number, parts, programmes) for number, parts in _parts(content, chapters) if parts)
    described = content[_PICTURE]
    return TitleSet(_SHAPES.get(described >> 2 & 3), _RATES.get(described >> 4 & 3, _RATES[0]), tuple(titles))


def _parts(content: bytes, table: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each title's number with its chapters: number of the programme chain, and of the programme in it."""
    count, end = _u16(content, table), _u32(content, table + 4) + 1
    if count > _MOST_TITLES:
        raise ValueError(count)
    edges = [*(_u32(content, table + 8 + 4 * number) for number in range(count)), end]
    for number, (begin, stop) in enumerate(pairwise(edges), start=1):
        if not 0 <= stop - begin <= 4 * _MOST_CHAPTERS:
            raise ValueError(begin)
        places = range(table + begin, table + stop, 4)
        yield number, [(_u16(content, place), _u16(content, place + 2)) for place in places]


def _title(content: bytes, number: int, parts: list[tuple[int, int]], table: int) -> Title:
    cells: list[Cell] = []
    chapters: set[int] = set()
    chains: dict[int, _Chain] = {}
    for identity, programme in parts:
        if identity not in chains:
            chains[identity] = _chain(content, table + _u32(content, table + 8 * identity + 4), len(cells))
            cells += chains[identity].cells
            if len(cells) > _MOST_CELLS:
                raise ValueError(len(cells))
        chapters.add(chains[identity].entries[programme - 1])
    first = next(iter(chains.values())).place
    return Title(
        number=number,
        cells=tuple(cells),
        chapters=tuple(sorted(chapter for chapter in chapters if chapter < len(cells))),
        tracks=_tracks(content, first),
        palette=tuple(_rgb(*struct.unpack_from("x3B", content, first + 0xA4 + 4 * colour)) for colour in range(16)),
        angles=any(chain.angles for chain in chains.values()),
    )


@dataclass(frozen=True, slots=True)
class _Chain:
    """A programme chain: cells, and the programmes that begin at some of them."""

    place: int
    cells: list[Cell]
    entries: list[int]
    """Place among the title's cells at which each programme begins."""
    angles: bool


def _chain(content: bytes, place: int, before: int) -> _Chain:
    """A chain, before whose cells the title has others."""
    cells = _cells(content, place)
    programmes = content[place + _u16(content, place + 0xE6) :][: content[place + 2]]
    firsts = list(accumulate((is_first for _, is_first in cells), initial=0))
    entries = [before + firsts[min(max(entry - 1, 0), len(cells))] for entry in programmes]
    own = [cell for cell, is_first in cells if is_first]
    return _Chain(place, own, entries, angles=len(own) < len(cells))


def _cells(content: bytes, chain: int) -> list[tuple[Cell, bool]]:
    """The cells of a chain, each with whether it belongs to the first angle."""
    shown, placed = chain + _u16(content, chain + 0xE8), chain + _u16(content, chain + 0xEA)
    cells = []
    for number in range(content[chain + 3]):
        kind, first, _, last_unit, last = struct.unpack_from(">B7x4I", content, shown + 24 * number)
        vob, cell = struct.unpack_from(">HxB", content, placed + 4 * number)
        is_first = not (kind >> 4 & 3 == 1 and kind >> 6 > 1)
        cells.append((Cell(first, last_unit, last, vob, cell, bool(kind >> 2 & 1)), is_first))
    return cells


def _tracks(content: bytes, chain: int) -> dict[int, Track]:
    """The tracks that a chain plays, of those that the title set describes."""
    tracks: dict[int, Track] = {}
    for number in range(min(8, _u16(content, _SOUNDS))):
        described = content[_SOUNDS + 2 + 8 * number :][:8]
        control = _u16(content, chain + 0xC + 2 * number)
        first = _FIRST_OF_CODING.get(described[0] >> 5)
        if control & 0x8000 and first is not None:
            tracks[first + (control >> 8 & 7)] = _track(described[2:4], _SOUND_FLAGS.get(described[5], 0))
    is_wide = content[_PICTURE] >> 2 & 3 == _WIDE
    for number in range(min(32, _u16(content, _SUBTITLES))):
        described = content[_SUBTITLES + 2 + 6 * number :][:6]
        shown = content[chain + 0x1C + 4 * number :][:4]
        if shown[0] & 0x80:
            track = _track(described[2:4], _SUBTITLE_FLAGS.get(described[5], 0))
            for stream in shown[1:] if is_wide else shown[:1]:  # wide, in bars, cut
                tracks.setdefault(_FIRST_SUBTITLE + (stream & 0x1F), track)
    return tracks


def _track(language: bytes, flags: int) -> Track:
    return Track(three_letters(language), int(flags))


def _rgb(luma: int, cr: int, cb: int) -> int:
    """The colour of a code of ITU-R BT.601 in limited range."""
    light, red, blue = (luma - 16) * 255 / 219, (cr - 128) * 255 / 224, (cb - 128) * 255 / 224
    samples = light + 1.402 * red, light - 0.714136 * red - 0.344136 * blue, light + 1.772 * blue
    return int.from_bytes(bytes(min(255, max(0, round(sample))) for sample in samples), "big")


def _u16(content: bytes, place: int) -> int:
    number: int = struct.unpack_from(">H", content, place)[0]
    return number


def _u32(content: bytes, place: int) -> int:
    number: int = struct.unpack_from(">I", content, place)[0]
    return number
