"""Transport streams whose programme is described anew in mid-film: its streams keep their first packet identifiers.

A broadcast or a joined recording may give picture and sound other identifiers (PIDs) from some moment on. libav makes
new streams of them, whose packets its Python binding does not give out. Here the file is read with each new identifier
replaced by that of the stream that it continues, by stream type and language.

A stream that continues none, and one whose first packet comes so late that libav does not find out what it is, are put
in front of the file as an introduction, with tables that list all streams; see `programme_stream`.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from colorizer.film.decode.programme_tables import (
    AT_ONCE,
    NULL,
    Change,
    Layout,
    Programme,
    Rows,
    Tables,
    find_layout,
    pids_of,
    read_packets_of,
    rows_of,
    write_tables,
)
from colorizer.reading import read_ahead

_ENOUGH = 200
"""Packets of a stream that show libav what it is."""
_SCRAMBLED, _MOST_SCRAMBLED = 0xC0, 4
"""Bits of a packet that is encrypted; one such packet in so many may be in a stream that is taken."""
_TIMES = 0x80, 0x40
"""Flags of a packet of a stream: it has a timestamp, and a decoding time."""


@dataclass(frozen=True, slots=True)
class TransportStream:
    """What is known of a file from its tables."""

    layout: Layout
    changes: tuple[Change, ...]
    tables: frozenset[int]
    """Identifiers of the tables that describe the programmes."""
    programmes: dict[int, Programme]
    late: frozenset[int]
    """Identifiers of streams that are not listed at the beginning."""
    pictures: int
    """Number of programmes that have pictures."""
    encrypted: frozenset[int] = frozenset()
    """Identifiers of encrypted streams."""

    def notes(self) -> Iterator[str]:
        """What a result lacks, for the report."""
        if self.pictures > 1:
            yield f"{self.pictures} programmes in this file: the pictures of one are coloured, the others are not"
        for pid in sorted(self.encrypted & {each.pid for one in self.programmes.values() for each in one.streams}):
            yield f"the stream with the identifier (PID) {pid} left out: it is encrypted"


def read_tables(path: Path, on_read: Callable[[int], None] = lambda _bytes: None) -> TransportStream | None:
    """What the tables of a file say throughout; None where it is no transport stream.

    Args:
        path: the file.
        on_read: called after every few MiB, with the bytes that were read.

    """
    with path.open("rb") as file:
        layout = find_layout(file)
        if layout is None:
            return None
        read_ahead(file)
        tables = Tables()
        counted = [Change(0, {})]
        packets, scrambled = np.zeros((2, NULL + 1), np.int64)
        for number, rows in read_packets_of(file, layout):
            place = file.tell()
            on_read(place)
            pids = pids_of(rows)
            packets += np.bincount(pids, minlength=NULL + 1)
            scrambled += np.bincount(pids[_is_scrambled(rows)], minlength=NULL + 1)
            for change in tables.read(number, rows):
                counted.append(_with_counters(file, layout, counted[-1], change))
            file.seek(place)
    return TransportStream(
        layout=layout,
        changes=tuple(counted[1:]),
        tables=frozenset(tables.pids),
        programmes=tables.programmes,
        late=frozenset(tables.late),
        pictures=tables.programmes_with_pictures,
        encrypted=frozenset(np.flatnonzero(scrambled * _MOST_SCRAMBLED > packets).tolist()) - {NULL},
    )


def introduce(path: Path, stream: TransportStream, unknown: Collection[int], on_read: Callable[[int], None]) -> bytes:
    """Packets that show libav the streams of a file that it would not get to know in time.

    Args:
        path: the file.
        stream: what its tables say.
        unknown: identifiers of the streams that libav knows only by name.
        on_read: called after every few MiB, with the bytes that were read.

    Returns:
        Tables of all streams, and the first packets of those; nothing where there is none.

    """
    wanted = (stream.late | set(unknown)) - stream.encrypted
    if not wanted:
        return b""
    with ContinuedFile(path, stream) as file:
        found = _beginnings(file, stream.layout, wanted, on_read)
    if not found:
        return b""
    packets = [*write_tables(stream.programmes), *(packet for each in found.values() for packet in each)]
    before, behind = bytes(stream.layout.before), bytes(stream.layout.stride - stream.layout.before - len(packets[0]))
    return b"".join(before + packet + behind for packet in packets)


class ContinuedFile(io.RawIOBase):
    """A file as libav is to read it: each stream has its first identifier throughout, behind an introduction."""

    def __init__(self, path: Path, stream: TransportStream, introduction: bytes = b"") -> None:
        super().__init__()
        self._file = path.open("rb")
        self.name = str(path)
        changes = (Change(0, {}), *stream.changes) if introduction else stream.changes  # whose tables stand for all
        self._stream = replace(stream, changes=changes)
        self._introduction = introduction
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The present place."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        if whence == io.SEEK_END:
            offset += len(self._introduction) + self._file.seek(0, io.SEEK_END)
        self._place = max(0, offset + (self._place if whence == io.SEEK_CUR else 0))
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from the present place on."""
        content = self._introduction[self._place :][: None if size < 0 else size]
        if not content:
            content = self._read_file(self._place - len(self._introduction), size)
        self._place += len(content)
        return content

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _read_file(self, place: int, size: int) -> bytes:
        """Bytes of the file, of which whole packets are read."""
        stride = self._stream.layout.stride
        number, skipped = divmod(place, stride)
        self._file.seek(number * stride)
        content = self._file.read() if size < 0 else self._file.read(-(-(skipped + size) // stride) * stride)
        return _continued(content, number, self._stream)[skipped : None if size < 0 else skipped + size]


def _with_counters(file: BinaryIO, layout: Layout, before: Change, change: Change) -> Change:
    """A change with what makes the continuity counters go on: a jump would count as damage."""
    counters = {}
    for pid, continued in change.pids.items():
        replaced = next((now for now, own in before.pids.items() if own == continued), continued)
        counters[pid] = before.counters.get(pid, 0)
        last = _counters(file, layout, range(max(0, change.begin - AT_ONCE), change.begin), replaced)
        first = _counters(file, layout, range(change.begin, change.begin + AT_ONCE), pid)
        if last and first:
            counters[pid] = (last[-1] + before.counters.get(replaced, 0) + 1 - first[0]) % 16
    return replace(change, counters=counters)


def _counters(file: BinaryIO, layout: Layout, packets: range, pid: int) -> list[int]:
    """The continuity counters of a stream among some packets."""
    file.seek(packets.start * layout.stride)
    rows = rows_of(file.read(len(packets) * layout.stride), layout)
    return [int(counter) for counter in rows[pids_of(rows) == pid, 3] & 0x0F]


def _continued(content: bytes, number: int, changes: TransportStream) -> bytes:
    """Packets, of which the first has a number, with the first identifiers of their streams."""
    layout, begins = changes.layout, [change.begin for change in changes.changes]
    whole = len(content) // layout.stride
    if bisect_right(begins, number + whole) == 0:
        return content
    written = bytearray(content)
    rows = rows_of(written, layout)
    edges = [*(begin - number for begin in begins), whole]
    for change, (begin, end) in zip(changes.changes, pairwise(edges), strict=True):
        if begin < whole and end > 0:
            _continue(rows[max(begin, 0) : min(end, whole)], change, changes.tables)
    return bytes(written)


def _continue(rows: Rows, change: Change, tables: frozenset[int]) -> None:
    pids = pids_of(rows)
    for pid, first in change.pids.items():
        own = pids == pid
        rows[own, 1] = rows[own, 1] & 0xE0 | first >> 8
        rows[own, 2] = first & 0xFF
        rows[own, 3] = rows[own, 3] & 0xF0 | (rows[own, 3] + change.counters.get(pid, 0)) & 0x0F
    hidden = np.isin(pids, list(tables))
    rows[hidden, 1] = rows[hidden, 1] & 0xE0 | NULL >> 8
    rows[hidden, 2] = NULL & 0xFF


def _beginnings(
    file: ContinuedFile, layout: Layout, wanted: Collection[int], on_read: Callable[[int], None]
) -> dict[int, list[bytes]]:
    """The first packets of streams, by identifier, with the time at which the film begins.

    libav would take the first time that it reads for the film's beginning.
    """
    found: dict[int, list[bytes]] = {}
    pts = b""
    for _, rows in read_packets_of(file, layout):
        on_read(file.tell())
        pts = pts or next(
            filter(None, map(_pts, map(bytes, rows[(rows[:, 1] & 0x40 != 0) & ~_is_scrambled(rows)]))), b""
        )
        pids = pids_of(rows)
        for pid in wanted:
            own = found.get(pid, [])
            for packet in map(bytes, rows[pids == pid]):
                if (own or packet[1] & 0x40) and len(own) < _ENOUGH:
                    own.append(packet if own else _at(packet, pts))
            if own:
                found[pid] = own
        if all(len(found.get(pid, ())) >= _ENOUGH for pid in wanted):
            break
    return {pid: found[pid] for pid in sorted(found)}


def _is_scrambled(rows: Rows) -> NDArray[np.bool_]:
    """Which packets are encrypted."""
    scrambled: NDArray[np.bool_] = (rows[:, 3] & _SCRAMBLED) != 0
    return scrambled


def _pts(packet: bytes) -> bytes:
    """The timestamp of a packet as it is coded; empty where it has none."""
    place = _header(packet)
    return packet[place + 9 : place + 14] if place and packet[place + 7] & _TIMES[0] else b""


def _at(packet: bytes, pts: bytes) -> bytes:
    """A packet with another timestamp, where it has one."""
    place, own = _header(packet), bytearray(packet)
    if place and pts and packet[place + 7] & _TIMES[0]:
        own[place + 9 : place + 14] = bytes([packet[place + 9] & 0xF0 | pts[0] & 0x0F]) + pts[1:]
        if packet[place + 7] & _TIMES[1]:
            own[place + 14 : place + 19] = bytes([packet[place + 14] & 0xF0 | pts[0] & 0x0F]) + pts[1:]
    return bytes(own)


def _header(packet: bytes) -> int:
    """Where the header of a stream's packet begins in the packet that it begins in; 0 where there is none."""
    place = 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
    head = packet[place : place + 19]
    return place if len(head) == 19 and head.startswith(b"\0\0\1") and head[6] & 0xC0 == 0x80 else 0
