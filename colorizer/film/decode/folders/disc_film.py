"""The main film of a DVD's VIDEO_TS folder, as libav reads it: the files of one title set, one after the other.

libav's demuxer for whole discs (dvdvideo) is not in PyAV's builds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from colorizer.disc import title_sets
from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.folders.joined_file import JoinedFile

_SECTOR = 2048
"""Bytes of a sector, which is one pack of a programme stream (ISO/IEC 13818-1, 2.5.3.3)."""
_PACK, _PACKET = b"\0\0\1\xba", b"\0\0\1"
_HEAD = 14
"""Bytes of a pack's head, after which its first packet begins."""
_LOOKED_AT = 400
"""Sectors of each file that are looked at."""


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
    if any(_is_encrypted(file) for file in files):
        raise UnsupportedError(
            f"{path.name}: this disc is encrypted (CSS), and tintd decrypts none: make a copy without encryption"
        )
    return JoinedFile(str(path), introduction, [(file, file.stat().st_size) for file in files])


def describe_disc(path: Path) -> Iterator[str]:
    """What of a disc is not in the result, for the report."""
    main, _ = _main_set(path)
    others = [files[0].name for number, files in title_sets(path).items() if number != main]
    yield f"title set {main} of the disc is coloured; its menus and extras are not"
    if others:
        yield f"other title sets, left out: {', '.join(others)}; each of these files can be coloured by itself"


def _main_set(path: Path) -> tuple[int, Sequence[Path]]:
    """Number and files of the longest title set."""
    sets = title_sets(path)
    if not sets:
        return 0, ()
    return max(sets.items(), key=lambda one: (sum(file.stat().st_size for file in one[1]), -one[0]))


def _is_encrypted(file: Path) -> bool:
    """Whether packets of picture or sound are marked as scrambled (ISO/IEC 13818-1, 2.4.3.7)."""
    sectors = file.stat().st_size // _SECTOR
    with file.open("rb") as content:
        for number in range(min(_LOOKED_AT, sectors)):
            content.seek(number * sectors // min(_LOOKED_AT, sectors) * _SECTOR)
            sector = content.read(_SECTOR)
            packet = sector[_HEAD : _HEAD + 7]
            carries = packet[3:4] and (packet[3] == 0xBD or 0xC0 <= packet[3] < 0xF0)
            if sector.startswith(_PACK) and packet.startswith(_PACKET) and carries:
                marker, scrambled = packet[6] >> 6, packet[6] >> 4 & 0b11
                if marker == 0b10 and scrambled:
                    return True
    return False
