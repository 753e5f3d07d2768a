"""The main film of a DVD's VIDEO_TS folder, as libav reads it: the titles of one title set, one after the other.

Where its tables (IFO) are missing, or contradict its files, it is all of the title set's files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from av.container import InputContainer

from colorizer.disc import is_disc, title_sets
from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.folders.disc_titles import SECTOR, DiscTitles, count_sectors, read_titles
from colorizer.film.decode.folders.ifo import Track, read_ifo
from colorizer.film.decode.folders.joined_file import JoinedFile, Piece
from colorizer.originals import OriginalState, state_of

_PART = re.compile(r"(VTS_\d\d)_[1-9]\.(?:VOB|vob)")
_PACK, _PACKET = b"\0\0\1\xba", b"\0\0\1"
_HEAD = 14
"""Bytes of a pack's head, after which its first packet begins."""
_LOOKED_AT = 400
"""Sectors of each file that are looked at."""
_TICK = Fraction(1, 90_000)
"""Unit of the times of chapters, in seconds."""


def open_disc(path: Path, introduction: bytes = b"") -> JoinedFile:
    """Read the main title set of a disc, the one with the most bytes, as one file behind an introduction.

    Raises:
        UnsupportedError: it is encrypted.
        MediaError: there is no title in it.
        OSError: it cannot be read.

    """
    files = _main_set(path)[1]
    if not files:
        raise MediaError(f"{path.name}: there is no film (VTS_01_1.VOB) in this folder")
    if any(_is_encrypted(file, file.stat().st_size) for file in files):
        raise UnsupportedError(
            f"{path.name}: this disc is encrypted (CSS), and tintd decrypts none: make a copy without encryption"
        )
    titles = titles_of(path)
    pieces = titles.pieces if titles else [Piece(file, file.stat().st_size) for file in files]
    return JoinedFile(str(path), introduction, pieces)


def titles_of(path: Path) -> DiscTitles | None:
    """The titles that are the film; None where it is no disc, or the tables of the disc are of no use."""
    return _titles_of(path, state_of(path)) if is_disc(path) else None


def describe_from_tables(path: Path, opened: InputContainer) -> None:
    """Tell libav what the tables of a disc say of its streams and chapters, as other containers do.

    A file of a title set (VTS_01_1.VOB) that is a film by itself has the streams of its set.
    """
    if titles := titles_of(path):
        _describe_streams(opened, titles.tracks, titles.palette)
        _describe_chapters(opened, titles)
    elif found := _PART.fullmatch(path.name):
        tables = read_ifo(path.with_name(f"{found[1]}_0.IFO"))
        if tables and tables.titles:
            longest = max(tables.titles, key=count_sectors)
            _describe_streams(opened, longest.tracks, longest.palette)


def _describe_streams(opened: InputContainer, tracks: Mapping[int, Track], colours: Sequence[int]) -> None:
    picture = opened.streams.video[0].codec_context if opened.streams.video else None
    size = f"size: {picture.width}x{picture.height}\n" if picture else ""
    palette = f"palette: {', '.join(f'{colour:06x}' for colour in colours)}\n"
    for stream in opened.streams:
        if track := tracks.get(stream.id):
            if track.language:
                stream.metadata["language"] = track.language
            stream.disposition = stream.disposition | track.flags
        if stream.type == "subtitle" and stream.codec_context:
            stream.codec_context.extradata = f"{size}{palette}".encode()  # as in the index files of VobSub


def _describe_chapters(opened: InputContainer, titles: DiscTitles) -> None:
    opened.set_chapters(
        [
            {
                "id": number,
                "start": round(mark.start / _TICK),
                "end": round(mark.end / _TICK),
                "time_base": _TICK,
                "metadata": {"title": mark.name} if mark.name else {},
            }
            for number, mark in enumerate(titles.chapters, start=1)
        ]
    )


def describe_disc(path: Path) -> Iterator[str]:
    """What of a disc is not in the result, for the report."""
    main, _ = _main_set(path)
    others = [files[0].name for number, files in title_sets(path).items() if number != main]
    yield f"title set {main} of the disc is coloured; its menus and extras are not"
    if others:
        yield f"other title sets, left out: {', '.join(others)}; each of these files can be coloured by itself"
    titles = titles_of(path)
    if titles is None:
        yield f"VTS_{main:02}_0.IFO is missing or damaged: languages, chapters and subtitle colours left out"
    else:
        yield from titles.notes


@lru_cache(maxsize=16)
def _titles_of(path: Path, _state: OriginalState) -> DiscTitles | None:
    number, files = _main_set(path)
    return read_titles(path, number, files) if files else None


def _main_set(path: Path) -> tuple[int, Sequence[Path]]:
    """Number and files of the longest title set."""
    sets = title_sets(path)
    if not sets:
        return 0, ()
    return max(sets.items(), key=lambda one: (sum(file.stat().st_size for file in one[1]), -one[0]))


@lru_cache(maxsize=64)
def _is_encrypted(file: Path, size: int) -> bool:
    """Whether packets of picture or sound are marked as scrambled (ISO/IEC 13818-1, 2.4.3.7)."""
    sectors = size // SECTOR
    with file.open("rb") as content:
        for number in range(min(_LOOKED_AT, sectors)):
            content.seek(number * sectors // min(_LOOKED_AT, sectors) * SECTOR)
            sector = content.read(SECTOR)
            packet = sector[_HEAD : _HEAD + 7]
            carries = packet[3:4] and (packet[3] == 0xBD or 0xC0 <= packet[3] < 0xF0)
            if sector.startswith(_PACK) and packet.startswith(_PACKET) and carries:
                marker, scrambled = packet[6] >> 6, packet[6] >> 4 & 0b11
                if marker == 0b10 and scrambled:
                    return True
    return False
