"""The packets of a transport stream, and the tables in them that describe its programmes: ISO/IEC 13818-1, 2.4."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from colorizer.durable import Hex

_SYNC = 0x47
_PACKET = 188
_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""Distance of packets, and bytes in front of each: plain, with a time code (M2TS), with parity."""
_PROOF = 5
"""Number of packets in a row that prove a layout."""
AT_ONCE = 1 << 14
"""Packets that are looked at together."""
_PAT = 0
_PAT_TABLE, _PMT_TABLE, _LANGUAGE, _REGISTRATION = 0x00, 0x02, 0x0A, 0x05
_KINDS = frozenset({_REGISTRATION, 0x56, 0x59, 0x6A, 0x7A, 0x7B, 0x7C})
"""Descriptors that say what private data is: registration, teletext, subtitles, AC-3, E-AC-3, DTS, AAC."""
_HEAD = 8
"""Bytes of a section before its content."""
_CHECKSUM = 4
"""Bytes of the checksum behind it."""
_POLYNOMIAL = 0x04C11DB7
"""Of the checksum: ISO/IEC 13818-1, annex A."""
_LONGEST_SECTION = 3 + 0xFFF
NULL = 0x1FFF
"""Identifier of packets that say nothing."""
_FREE = range(0x20, NULL)
"""Identifiers that streams may have."""
_MOST_CONTENT = 4000
"""Bytes of the longest map that libav reads."""
_PICTURES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0xEA})
"""Types of streams of pictures: MPEG-1 and 2, MPEG-4, H.264, HEVC, VVC, VC-1."""

Rows = NDArray[np.uint8]
"""Packets, (N, 188)."""


class Seekable(Protocol):
    """A file, or what is read like one."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How packets lie in a file."""

    stride: int
    before: int


@dataclass(frozen=True, slots=True)
class ElementaryStream:
    """A stream as the map of its programme describes it."""

    pid: int
    type: int
    descriptors: Hex

    @property
    def language(self) -> bytes:
        """Its language; empty where the descriptors give none."""
        return next((content[:3] for tag, content in self._described() if tag == _LANGUAGE), b"")

    @property
    def kind(self) -> tuple[int, frozenset[tuple[int, bytes]]]:
        """What it holds: its type and, of private data, the descriptors that say more."""
        tags = ((tag, content[:4] if tag == _REGISTRATION else b"") for tag, content in self._described())
        return self.type, frozenset(tag for tag in tags if tag[0] in _KINDS)

    def _described(self) -> Iterator[tuple[int, bytes]]:
        """Tag and content of its descriptors."""
        place = 0
        while place + 2 <= len(self.descriptors):
            tag, length = self.descriptors[place : place + 2]
            yield tag, self.descriptors[place + 2 : place + 2 + length]
            place += 2 + length

    def continues(self, other: ElementaryStream) -> bool:
        """Whether it may be another one under a new identifier: of the same kind, in no other language."""
        return self.kind == other.kind and (self.language == other.language or not self.language or not other.language)


@dataclass(slots=True)
class Programme:
    """A programme as its first map describes it, with the streams that came later."""

    pid: int
    """Identifier of the map."""
    head: Hex
    """The map's content before its streams."""
    streams: tuple[ElementaryStream, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """New identifiers from some place on."""

    begin: int
    """Number of the first packet."""
    pids: dict[int, int]
    """The identifier of a stream in the result, by the one that it has now."""
    counters: dict[int, int] = field(default_factory=dict)
    """What is added to the continuity counter, by the identifier that the stream has now."""


def find_layout(file: BinaryIO) -> Layout | None:
    """How packets lie in a file; None where it is no transport stream."""
    head = file.read(_LAYOUTS[-1][0] * _PROOF)
    for stride, before in _LAYOUTS:
        if len(head) >= stride * _PROOF and all(head[before + stride * n] == _SYNC for n in range(_PROOF)):
            return Layout(stride, before)
    return None


def read_packets_of(file: Seekable, layout: Layout, first: int = 0) -> Iterator[tuple[int, Rows]]:
    """Packets, some thousand together, each time with the number of the first."""
    file.seek(first * layout.stride)
    while content := file.read(layout.stride * AT_ONCE):
        rows = rows_of(content, layout)
        yield first, rows
        first += len(rows)


def rows_of(content: bytes | bytearray, layout: Layout) -> Rows:
    """The packets in some bytes, which they share the memory with."""
    whole = len(content) // layout.stride
    packets = np.frombuffer(content, np.uint8, whole * layout.stride).reshape(whole, layout.stride)
    return packets[:, layout.before : layout.before + _PACKET]


def pids_of(rows: Rows) -> NDArray[np.uint16]:
    """The identifier of each packet; that of packets that say nothing where none begins, after lost bytes, say."""
    pids = (rows[:, 1].astype(np.uint16) & 0x1F) << 8 | rows[:, 2]
    return np.where(rows[:, 0] == _SYNC, pids, NULL).astype(np.uint16)


class Tables:
    """The tables of a file, compared with the first of their kind."""

    def __init__(self) -> None:
        self.pids = {_PAT}
        self.programmes: dict[int, Programme] = {}
        self.late: set[int] = set()
        """Identifiers in the result of streams that no first map lists."""
        self._sections: dict[int, bytes] = {}
        """Sections that have begun, by identifier."""
        self._known: dict[int, bytes] = {}
        self._current: dict[int, dict[int, int]] = {}
        self._listed: set[int] = set()

    @property
    def programmes_with_pictures(self) -> int:
        """Number of programmes that have pictures."""
        return sum(any(each.type in _PICTURES for each in one.streams) for one in self.programmes.values())

    def read(self, number: int, rows: Rows) -> Iterator[Change]:
        """The changes in some packets."""
        pids = pids_of(rows)
        for place in np.flatnonzero(pids == _PAT):
            self._read_listing(self._section(_PAT, bytes(rows[place])))
        for place in np.flatnonzero(np.isin(pids, list(self.pids - {_PAT}))):
            pid = int(pids[place])
            section = self._section(pid, bytes(rows[place]))
            if section and section != self._known.get(pid) and section[0] == _PMT_TABLE and not checksum(section):
                self._known[pid] = section
                yield from self._compare(number + int(place), pid, section)

    def _section(self, pid: int, packet: bytes) -> bytes:
        """The section that a packet completes and that is in force; empty where there is none."""
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        if packet[1] & 0x40 and payload:
            self._sections[pid] = payload[1 + payload[0] :]
        elif pid in self._sections and len(self._sections[pid]) < _LONGEST_SECTION:
            self._sections[pid] += payload
        section = self._sections.get(pid, b"")
        length = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
        return section[:length] if _HEAD < length <= len(section) and section[5] & 1 else b""

    def _read_listing(self, section: bytes) -> None:
        if not section or section[0] != _PAT_TABLE or section == self._known.get(_PAT) or checksum(section):
            return
        self._known[_PAT] = section
        entries = [section[place : place + 4] for place in range(_HEAD, len(section) - _CHECKSUM, 4)]
        programmes = {_int(entry[:2]): _int(entry[2:]) & 0x1FFF for entry in entries if _int(entry[:2])}
        self.pids |= set(programmes.values())
        self._listed = set(programmes)

    def _compare(self, number: int, pid: int, section: bytes) -> Iterator[Change]:
        identity, programme = _int(section[3:5]), _programme(pid, section)
        if identity not in self.programmes and self.programmes and len(self._listed) == 1:
            identity = next(iter(self.programmes))  # another recording was joined to the first
        first = self.programmes.setdefault(identity, programme)
        pids, late = _continued_streams(first.streams, programme.streams)
        for stream in late:
            own = pids[stream.pid] = self._free_pid(stream.pid)
            if own != NULL:
                first.streams += (replace(stream, pid=own),)
                self.late.add(own)
        changed = pids != self._current.get(identity, {pid: pid for pid in pids})
        self._current[identity] = pids
        if changed or late:
            yield Change(number, {now: own for each in self._current.values() for now, own in each.items()})

    def _free_pid(self, wanted: int) -> int:
        """An identifier that no other stream has: its own where that is free, and `NULL` where none is."""
        taken = {stream.pid for each in self.programmes.values() for stream in each.streams} | self.pids
        return wanted if wanted not in taken else max(set(_FREE) - taken, default=NULL)


def write_tables(programmes: Mapping[int, Programme]) -> Iterator[bytes]:
    """Packets of tables that list the streams of all programmes."""
    listing = b"".join(number.to_bytes(2, "big") + _pid_field(each.pid) for number, each in programmes.items())
    yield from _written(_PAT, _section_of(_PAT_TABLE, 1, listing))
    for number, each in programmes.items():
        content = each.head
        for stream in each.streams:
            length = (0xF000 | len(stream.descriptors)).to_bytes(2, "big")
            entry = bytes([stream.type]) + _pid_field(stream.pid) + length + stream.descriptors
            if len(content) + len(entry) <= _MOST_CONTENT:
                content += entry
        yield from _written(each.pid, _section_of(_PMT_TABLE, number, content))


def checksum(section: bytes) -> int:
    """CRC-32 as sections have it; zero for a section with its checksum."""
    value = 0xFFFFFFFF
    for byte in section:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (_POLYNOMIAL if value & 1 << 31 else 0)) & 0xFFFFFFFF
    return value


def _section_of(table: int, number: int, content: bytes) -> bytes:
    length = (0xB000 | len(content) + _HEAD - 3 + _CHECKSUM).to_bytes(2, "big")
    section = bytes([table]) + length + number.to_bytes(2, "big") + b"\xc1\0\0" + content
    return section + checksum(section).to_bytes(_CHECKSUM, "big")


def _written(pid: int, section: bytes) -> Iterator[bytes]:
    """A section as packets."""
    content = b"\0" + section  # the section begins at once
    for count, place in enumerate(range(0, len(content), _PACKET - 4)):
        head = bytes([_SYNC]) + ((0 if place else 0x4000) | pid).to_bytes(2, "big") + bytes([0x10 | count & 0x0F])
        yield (head + content[place : place + _PACKET - 4]).ljust(_PACKET, b"\xff")


def _pid_field(pid: int) -> bytes:
    return (0xE000 | pid).to_bytes(2, "big")


def _int(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _programme(pid: int, section: bytes) -> Programme:
    """What a map says."""
    place, end = 12 + (_int(section[10:12]) & 0xFFF), len(section) - _CHECKSUM
    head, streams = section[_HEAD:place], []
    while place + 5 <= end:
        length = _int(section[place + 3 : place + 5]) & 0xFFF
        descriptors = section[place + 5 : min(end, place + 5 + length)]
        streams.append(ElementaryStream(_int(section[place + 1 : place + 3]) & 0x1FFF, section[place], descriptors))
        place += 5 + length
    return Programme(pid, head, tuple(streams))


def _continued_streams(
    first: tuple[ElementaryStream, ...], now: tuple[ElementaryStream, ...]
) -> tuple[dict[int, int], list[ElementaryStream]]:
    """New identifiers with those that they continue, and the streams that continue none."""
    kinds = {(stream.pid, stream.kind) for stream in first}
    same = {stream.pid for stream in now if (stream.pid, stream.kind) in kinds}
    free = [stream for stream in first if stream.pid not in same]
    pids, late = {pid: pid for pid in same}, []
    for stream in now:
        if stream.pid in same:
            continue
        alike = [each for each in free if stream.continues(each)]
        exact = next((each for each in alike if each.language == stream.language), None)
        match = exact or (alike[0] if len(alike) == 1 else None)
        if match is None:
            late.append(stream)
        else:
            free.remove(match)
            pids[stream.pid] = match.pid
    return pids, late
