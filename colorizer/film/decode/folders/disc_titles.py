"""The main film of a disc as its tables describe it: which sectors are shown, when its chapters begin, its tracks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from colorizer.film.decode.folders.ifo import Cell, Title, TitleSet, Track, read_ifo
from colorizer.film.decode.folders.joined_file import Piece

SECTOR = 2048
"""Bytes of a sector, which is one pack of a programme stream (ISO/IEC 13818-1, 2.5.3.3)."""
_PACKET = b"\0\0\1\xbf"
_CONTROL, _SEARCH = 0x26, 0x400
"""Places of the two packets in a sector of navigation: for presentation, and for search."""
_BEGIN, _END = 0x39, 0x3D
"""Places of the times at which a unit of pictures begins and ends."""
_LAST, _VOB, _CELL = 0x40F, 0x41F, 0x422
"""Places of the distance to the unit's last sector, and of the numbers of the recording and of the cell."""
_CLOCK = 90_000
_MOST_ANGLES = 9
"""Cells that may lie in turn among the same sectors."""
_LITTLE = 0.02
"""Part of a title set that is not worth mentioning."""


@dataclass(frozen=True, slots=True)
class ChapterMark:
    """Where a chapter begins."""

    start: Fraction
    """Seconds on the clock of the film."""
    end: Fraction
    name: str
    """Empty where the film is one title."""


@dataclass(frozen=True, slots=True)
class DiscTitles:
    """The titles of a title set that are the film, one after the other."""

    pieces: tuple[Piece, ...]
    """What is read of the files of the title set."""
    length: Fraction
    """Seconds."""
    shape: Fraction | None
    """Width of the picture by its height."""
    tracks: Mapping[int, Track]
    """By libav's number of the stream (`Stream.id`)."""
    palette: tuple[int, ...]
    """The 16 colours of the subtitles, as 0xRRGGBB."""
    chapters: tuple[ChapterMark, ...]
    notes: tuple[str, ...]
    """What is not in the film, for the report."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit of pictures, as the sector of navigation before it describes it."""

    vob: int
    cell: int
    begin: int
    end: int
    """Times in ticks of the recording's own clock."""
    sectors: int


def read_titles(path: Path, number: int, files: Sequence[Path]) -> DiscTitles | None:
    """The titles of a title set as its tables describe them.

    Args:
        path: the VIDEO_TS folder.
        number: of the title set.
        files: its files with pictures, in their order.

    Returns:
        None where the tables are missing, damaged, or contradict the files.

    """
    set_of_files = _Files(files)
    for name in (f"VTS_{number:02}_0.IFO", f"VTS_{number:02}_0.BUP"):  # the second is a copy for damaged discs
        tables = next((read_ifo(file) for file in path.iterdir() if file.name.upper() == name), None)
        titles = tables and _titles(tables, set_of_files)
        if titles:
            return titles
    return None


def _titles(tables: TitleSet, files: _Files) -> DiscTitles | None:
    chosen = _choose(tables.titles)
    if sum(map(count_sectors, chosen)) > _MOST_ANGLES * files.size // SECTOR:
        return None
    lengths = [[files.length(cell, tables.rate) for cell in title.cells] for title in chosen]
    if not chosen or not all(length for each in lengths for length in each):
        return None
    pieces = tuple(files.pieces(cell for title in chosen for cell in title.cells))
    if sum(piece.size for piece in pieces) > files.size:
        return None
    begin = files.begin(chosen[0].cells[0])
    main = max(chosen, key=count_sectors)
    tracks: dict[int, Track] = {}
    for title in (main, *chosen):
        tracks = {**title.tracks, **tracks}
    return DiscTitles(
        pieces=pieces,
        length=Fraction(sum(map(sum, lengths))),
        shape=tables.shape,
        tracks=tracks,
        palette=main.palette,
        chapters=tuple(_chapters(chosen, lengths, begin)),
        notes=tuple(_describe(tables.titles, chosen, 1 - Fraction(sum(piece.size for piece in pieces), files.size))),
    )


def _choose(titles: Sequence[Title]) -> list[Title]:
    """The longest title, and those that share no cell with it nor with each other; in the order of the disc."""
    chosen: list[Title] = []
    seen: set[Cell] = set()
    for title in sorted(titles, key=lambda title: (-count_sectors(title), title.number)):
        if title.cells and seen.isdisjoint(title.cells) and len(set(title.cells)) == len(title.cells):
            chosen.append(title)
            seen |= set(title.cells)
    return sorted(chosen, key=lambda title: title.number)


def count_sectors(title: Title) -> int:
    """Number of sectors of a title, by which titles are compared."""
    return sum(cell.last - cell.first + 1 for cell in title.cells)


def _chapters(titles: Sequence[Title], lengths: Sequence[Sequence[Fraction]], begin: Fraction) -> Iterator[ChapterMark]:
    """The chapters of all titles: the clock goes on from title to title."""
    for title, own in zip(titles, lengths, strict=True):
        starts = [begin + sum(own[:cell]) for cell in title.chapters]
        begin += sum(own)
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], begin], strict=True), start=1):
            yield ChapterMark(start, end, f"Title {title.number}, chapter {number}" if len(titles) > 1 else "")


def _describe(titles: Sequence[Title], chosen: Sequence[Title], unused: Fraction) -> Iterator[str]:
    if len(chosen) > 1:
        yield f"its titles follow one another: {', '.join(str(title.number) for title in chosen)}"
    shown = {cell for title in chosen for cell in title.cells}
    others = [str(title.number) for title in titles if not shown.issuperset(title.cells)]
    if others:
        yield f"other versions of the film, left out: {'title' if len(others) == 1 else 'titles'} {', '.join(others)}"
    if any(title.angles for title in chosen):
        yield "of scenes that were filmed from several angles, the first is coloured"
    elif not others and unused > _LITTLE:
        yield f"what no title shows, left out: {float(unused):.0%} of the title set"


class _Files:
    """The files of a title set, by sectors."""

    def __init__(self, files: Sequence[Path]) -> None:
        sizes = [file.stat().st_size // SECTOR for file in files]
        self.size = sum(sizes) * SECTOR
        """Bytes of all sectors."""
        self._files = list(zip(files, accumulate(sizes, initial=0), sizes, strict=False))

    def begin(self, cell: Cell) -> Fraction:
        """When the pictures of a cell begin, in seconds on the clock of the recording."""
        unit = self._unit(cell.first)
        return Fraction(unit.begin if unit else 0, _CLOCK)

    def length(self, cell: Cell, rate: Fraction) -> Fraction:
        """How long the frames of a cell are shown, in seconds; 0 where the tables contradict the files.

        Some programs write the end of the sound instead, within the last frame or a little later.
        """
        if not cell.first <= cell.last_unit <= cell.last:
            return Fraction(0)
        first, last = self._unit(cell.first), self._unit(cell.last_unit)
        own = (cell.vob, cell.number)
        if first is None or last is None or (first.vob, first.cell) != own or (last.vob, last.cell) != own:
            return Fraction(0)
        frames = round(Fraction(last.end - first.begin, _CLOCK) * rate)
        return max(0, frames) / rate if self._sector(cell.last) else Fraction(0)

    def pieces(self, cells: Iterator[Cell]) -> Iterator[Piece]:
        """What is read of the files."""
        for first, end in _joined(span for cell in cells for span in self._spans(cell)):
            for file, begin, size in self._files:
                start, stop = max(first, begin), min(end, begin + size)
                if start < stop:
                    yield Piece(file, (stop - start) * SECTOR, (start - begin) * SECTOR)

    def _spans(self, cell: Cell) -> Iterator[tuple[int, int]]:
        """First sector of each run of a cell's own sectors, and the one after its last."""
        if not cell.interleaved:
            yield cell.first, cell.last + 1
            return
        place = cell.first
        while place <= cell.last:
            unit = self._unit(place)
            sectors = unit.sectors if unit else 1
            if unit and (unit.vob, unit.cell) == (cell.vob, cell.number):
                yield place, min(place + sectors, cell.last + 1)
            place += sectors

    def _unit(self, place: int) -> _Unit | None:
        """The unit of pictures that begins at a sector; None where none does."""
        sector = self._sector(place)
        if sector[_CONTROL:][:4] != _PACKET or sector[_SEARCH:][:4] != _PACKET:
            return None
        return _Unit(
            vob=_int(sector[_VOB:][:2]),
            cell=sector[_CELL],
            begin=_int(sector[_BEGIN:][:4]),
            end=_int(sector[_END:][:4]),
            sectors=_int(sector[_LAST:][:4]) + 1,
        )

    def _sector(self, place: int) -> bytes:
        """A sector; empty where there is none."""
        for path, begin, size in self._files:
            if begin <= place < begin + size:
                file: BinaryIO
                with path.open("rb") as file:
                    file.seek((place - begin) * SECTOR)
                    return file.read(SECTOR)
        return b""


def _joined(spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans, of which those that touch are one."""
    last: tuple[int, int] | None = None
    for span in spans:
        if last is not None and span[0] == last[1]:
            last = last[0], span[1]
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _int(content: bytes) -> int:
    return int.from_bytes(content, "big")
