"""Transport streams whose programme is described anew in mid-film: its streams keep their first packet identifiers.

A broadcast or a joined recording may give picture and sound other identifiers (PIDs) from some moment on. libav makes
new streams of them, whose packets its Python binding does not give out. Here the file is read with each new identifier
replaced by that of the stream that it continues, by stream type and language.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from colorizer.film.decode.programme_tables import (
    AT_ONCE,
    Change,
    Layout,
    Rows,
    Tables,
    find_layout,
    pids_of,
    read_packets_of,
    rows_of,
)
from colorizer.originals import is_of_many_files

_NULL = 0x1FFF
"""Identifier of packets that say nothing."""


@dataclass(frozen=True, slots=True)
class TransportStream:
    """What is known of a file from its tables."""

    layout: Layout
    changes: tuple[Change, ...]
    tables: frozenset[int]
    """Identifiers of the tables that describe the programmes."""
    programmes: int
    """Number of programmes that have pictures."""

    def notes(self) -> Iterator[str]:
        """What a result lacks, for the report."""
        if self.programmes > 1:
            yield f"{self.programmes} programmes in this file: the pictures of one are coloured, the others are not"
        unknown = max((change.unknown for change in self.changes), default=0)
        if unknown:
            which = "1 stream" if unknown == 1 else f"{unknown} streams"
            yield (
                f"{which} left out: none before it has its kind and language"
                if unknown == 1
                else (f"{which} left out: none before them has their kind and language")
            )


def read_tables(path: Path) -> TransportStream | None:
    """What the tables of a file say throughout; None where it is no transport stream."""
    if is_of_many_files(path):
        return None
    state = path.stat()
    return _read_tables(path, state.st_size, state.st_mtime_ns)


class ContinuedFile(io.RawIOBase):
    """A file as libav is to read it: each stream has its first identifier throughout."""

    def __init__(self, path: Path, changes: TransportStream) -> None:
        super().__init__()
        self._file = path.open("rb")
        self.name = str(path)
        self._changes = changes

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The present place."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from the present place on, of which whole packets were read."""
        stride = self._changes.layout.stride
        place = self._file.tell()
        number, skipped = divmod(place, stride)
        self._file.seek(number * stride)
        content = self._file.read() if size < 0 else self._file.read(-(-(skipped + size) // stride) * stride)
        wanted = _continued(content, number, self._changes)[skipped : None if size < 0 else skipped + size]
        self._file.seek(place + len(wanted))
        return wanted

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@lru_cache(maxsize=16)
def _read_tables(path: Path, _size: int, _changed: int) -> TransportStream | None:
    with path.open("rb") as file:
        layout = find_layout(file)
        if layout is None:
            return None
        tables = Tables()
        counted = [Change(0, {})]
        for number, rows in read_packets_of(file, layout):
            place = file.tell()
            for change in tables.read(number, rows):
                counted.append(_with_counters(file, layout, counted[-1], change))
            file.seek(place)
    return TransportStream(layout, tuple(counted[1:]), frozenset(tables.pids), tables.programmes_with_pictures)


def _with_counters(file: BinaryIO, layout: Layout, before: Change, change: Change) -> Change:
    """A change with what makes the continuity counters go on: a jump would count as damage."""
    counters = {}
    for pid, continued in change.pids.items():
        replaced = next((now for now, own in before.pids.items() if own == continued), continued)
        counters[pid] = before.counters.get(pid, 0)
        last = _counters(file, layout, range(max(0, change.begin - AT_ONCE), change.begin), replaced)
        first = _counters(file, layout, range(change.begin, change.begin + AT_ONCE), pid)
        if replaced != pid and last and first:
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
    rows[hidden, 1] = rows[hidden, 1] & 0xE0 | _NULL >> 8
    rows[hidden, 2] = _NULL & 0xFF
