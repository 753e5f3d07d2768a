"""The packets of a transport stream, and the tables in them that describe its programmes: ISO/IEC 13818-1, 2.4."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

_SYNC = 0x47
_PACKET = 188
_LAYOUTS = ((188, 0), (192, 4), (204, 0))
"""Distance of packets, and bytes in front of each: plain, with a time code (M2TS), with parity."""
_PROOF = 5
"""Number of packets in a row that prove a layout."""
AT_ONCE = 1 << 14
"""Packets that are looked at together."""
_PAT = 0
_PAT_TABLE, _PMT_TABLE, _LANGUAGE = 0x00, 0x02, 0x0A
_PICTURES = frozenset({0x01, 0x02, 0x10, 0x1B, 0x24, 0x33, 0xEA})
"""Types of streams of pictures: MPEG-1 and 2, MPEG-4, H.264, HEVC, VVC, VC-1."""

Rows = NDArray[np.uint8]
"""Packets, (N, 188)."""


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
    language: bytes


@dataclass(frozen=True, slots=True)
class Change:
    """New identifiers from some place on."""

    begin: int
    """Number of the first packet."""
    pids: dict[int, int]
    """The first identifier of a stream, by the one that it has now."""
    counters: dict[int, int] = field(default_factory=dict)
    """What is added to the continuity counter, by the identifier that the stream has now."""
    unknown: int = 0
    """Number of streams that continue none."""


def find_layout(file: BinaryIO) -> Layout | None:
    """How packets lie in a file; None where it is no transport stream."""
    head = file.read(_LAYOUTS[-1][0] * _PROOF)
    for stride, before in _LAYOUTS:
        if len(head) >= stride * _PROOF and all(head[before + stride * n] == _SYNC for n in range(_PROOF)):
            return Layout(stride, before)
    return None


def read_packets_of(file: BinaryIO, layout: Layout, first: int = 0) -> Iterator[tuple[int, Rows]]:
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
    """The identifier of each packet."""
    return ((rows[:, 1].astype(np.uint16) & 0x1F) << 8 | rows[:, 2]).astype(np.uint16)


class Tables:
    """The tables of a file, compared with the first of their kind."""

    def __init__(self) -> None:
        self.pids = {_PAT}
        self._sections: dict[int, bytes] = {}
        """Sections that have begun, by identifier."""
        self._known: dict[int, bytes] = {}
        self._programmes: dict[int, tuple[ElementaryStream, ...]] = {}
        """The first map of each programme."""
        self._current: dict[int, dict[int, int]] = {}
        self._listed: set[int] = set()

    @property
    def programmes_with_pictures(self) -> int:
        """Number of programmes that have pictures."""
        return sum(any(stream.type in _PICTURES for stream in each) for each in self._programmes.values())

    def read(self, number: int, rows: Rows) -> Iterator[Change]:
        """The changes in some packets."""
        pids = pids_of(rows)
        for place in np.flatnonzero(pids == _PAT):
            self._read_listing(self._section(_PAT, bytes(rows[place])))
        for place in np.flatnonzero(np.isin(pids, list(self.pids - {_PAT}))):
            pid = int(pids[place])
            section = self._section(pid, bytes(rows[place]))
            if section and section != self._known.get(pid) and section[0] == _PMT_TABLE:
                self._known[pid] = section
                yield from self._compare(number + int(place), section)

    def _section(self, pid: int, packet: bytes) -> bytes:
        """The section that a packet completes; empty where it does not."""
        payload = packet[4 + (1 + packet[4] if packet[3] & 0x20 else 0) :]
        if packet[1] & 0x40 and payload:
            self._sections[pid] = payload[1 + payload[0] :]
        elif pid in self._sections:
            self._sections[pid] += payload
        section = self._sections.get(pid, b"")
        length = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
        return section[:length] if 8 < length <= len(section) else b""

    def _read_listing(self, section: bytes) -> None:
        if not section or section[0] != _PAT_TABLE:
            return
        entries = [section[place : place + 4] for place in range(8, len(section) - 4, 4)]
        programmes = {_int(entry[:2]): _int(entry[2:]) & 0x1FFF for entry in entries if _int(entry[:2])}
        self.pids |= set(programmes.values())
        self._listed = set(programmes)

    def _compare(self, number: int, section: bytes) -> Iterator[Change]:
        programme = _int(section[3:5])
        streams = _streams(section)
        if programme not in self._programmes and self._programmes and len(self._listed) == 1:
            programme = next(iter(self._programmes))  # another recording was joined to the first
        first = self._programmes.setdefault(programme, streams)
        pids, unknown = _continued_streams(first, streams)
        changed = pids != self._current.get(programme, {pid: pid for pid in pids})
        self._current[programme] = pids
        if changed or unknown:
            yield Change(
                number, {now: own for each in self._current.values() for now, own in each.items()}, {}, unknown
            )


def _int(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _streams(section: bytes) -> tuple[ElementaryStream, ...]:
    place, end = 12 + (_int(section[10:12]) & 0xFFF), len(section) - 4
    streams = []
    while place + 5 <= end:
        length = _int(section[place + 3 : place + 5]) & 0xFFF
        described = section[place + 5 : min(end, place + 5 + length)]
        streams.append(
            ElementaryStream(_int(section[place + 1 : place + 3]) & 0x1FFF, section[place], _language(described))
        )
        place += 5 + length
    return tuple(streams)


def _language(descriptors: bytes) -> bytes:
    place = 0
    while place + 2 <= len(descriptors):
        tag, length = descriptors[place : place + 2]
        if tag == _LANGUAGE:
            return descriptors[place + 2 : place + 5]
        place += 2 + length
    return b""


def _continued_streams(
    first: tuple[ElementaryStream, ...], now: tuple[ElementaryStream, ...]
) -> tuple[dict[int, int], int]:
    """New identifiers with those that they continue, and the number of streams that continue none."""
    same = {stream.pid for stream in now} & {stream.pid for stream in first}
    free = [stream for stream in first if stream.pid not in same]
    pids, unknown = {pid: pid for pid in same}, 0
    for stream in now:
        if stream.pid in same:
            continue
        alike = [each for each in free if each.type == stream.type]
        match = next(
            (each for each in alike if each.language == stream.language), alike[0] if len(alike) == 1 else None
        )
        if match is None:
            unknown += 1
        else:
            free.remove(match)
            pids[stream.pid] = match.pid
    return pids, unknown
