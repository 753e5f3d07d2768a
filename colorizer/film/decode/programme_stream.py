"""The streams of a programme stream (VOB, MPG): ISO/IEC 13818-1, 2.5, and ISO/IEC 11172-1 for MPEG-1.

No table in such a file lists its streams. libav knows those that it meets in the first seconds; a subtitle or a second
sound that begins later becomes a stream whose packets its Python binding does not give out. So the file is read through
once, without decoding. What is late is put in front of it as an introduction, which libav reads when it opens the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Protocol

_START = b"\0\0\1"
_PACK, _PRIVATE = 0xBA, 0xBD
PACK = _START + bytes([_PACK])
"""The beginning of a pack."""
_LEAST_SYSTEM = 0xBB
"""The lowest code of what has a length: headers and packets."""

_READ = 1 << 22
_MOST_CONTENT = 0xFFFF
_LONGEST_PACKET = 6 + _MOST_CONTENT
_ENOUGH = 1 << 15
"""Bytes of a stream that show libav what it is."""
_PLAIN = range(0xC0, 0xF0)
"""Codes of sound and pictures."""
_PICTURES, _SUBTITLES = range(0x1E0, 0x1F0), range(0x20, 0x40)
_INSIDE = (*_SUBTITLES, *range(0x80, 0x90), *range(0x98, 0xD0))
"""Numbers that libav knows of the streams in private packets: subtitles and sound."""
_AC3 = b"\x0b\x77"
_FIRST_AC3 = 0x80
"""The number that libav gives to AC-3 without a number of its own."""


class Readable(Protocol):
    """A file, or several as one."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most so many; none at the end."""


@dataclass(slots=True)
class Beginning:
    """How a stream begins."""

    pts: bytes
    """The first timestamp, as it is coded in a packet's header."""
    payloads: list[bytes] = field(default_factory=list)
    """What the first packets hold; none is empty."""
    size: int = 0
    """Bytes of all of them."""

    @property
    def is_enough(self) -> bool:
        """Whether they show libav what the stream is."""
        return self.size >= _ENOUGH

    def add(self, payload: bytes) -> None:
        """Add what another packet holds."""
        if payload:
            self.payloads.append(payload)
            self.size += len(payload)


@dataclass(frozen=True, slots=True)
class ProgrammeStream:
    """What is in a file."""

    beginnings: dict[int, Beginning]
    """How each stream begins, by libav's number of it (`Stream.id`), in the order of the file."""

    def introduction(self, known: Collection[int]) -> bytes:
        """Packets that show libav all streams, sound and subtitles in their order.

        Those of late streams have the time at which the film begins: libav takes the first time that it reads for it.

        Args:
            known: the numbers of the streams that libav knows without it.

        Returns:
            The packets; none where it knows all.

        """
        if self.beginnings.keys() <= set(known):
            return b""
        first = next((each.pts for each in self.beginnings.values() if each.pts), b"")
        return b"".join(
            packet
            for number, each in self.beginnings.items()
            for packet in _introduced(number, each, is_known=number in known, first=first)
        )


def read_programme_stream(file: Readable, on_read: Callable[[int], None] = lambda _bytes: None) -> ProgrammeStream:
    """Read a file through; the callback is called after every few MiB, with the bytes that were read."""
    found, wanted = dict[int, Beginning](), {_PRIVATE, *_PLAIN}
    for code, packet in _packets(file, wanted, on_read):
        begin = _begin_of_payload(packet)
        number = _stream(code, packet, begin)
        if number is None:
            continue
        beginning = found.setdefault(number, Beginning(_pts(packet)))
        if not beginning.is_enough:
            beginning.add(packet[begin:])
        elif code != _PRIVATE:  # which has many streams
            wanted.remove(code)
    return ProgrammeStream(found)


def _introduced(number: int, stream: Beginning, *, is_known: bool, first: bytes) -> Iterator[bytes]:
    """The packets that introduce a stream; libav makes its streams in their order."""
    if is_known and number in _PICTURES:  # which need no introduction, and half a picture would be damage
        return
    if is_known and number in _SUBTITLES:
        yield _packet(number, bytes([number]), b"")
        return
    for place, payload in enumerate(stream.payloads):
        time = stream.pts if is_known else first
        yield _packet(number, payload, b"" if place else time)


def _packets(file: Readable, wanted: Collection[int], on_read: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    """Code and bytes of packets of some codes, up to damage and from the next pack on: between, it may be anything."""
    content, place, sure = file.read(_READ), 0, True
    size = len(content)
    while len(content) - place >= 6:
        if content[place : place + 3] != _START:
            found = content.find(_START, place)
            place, sure = (found if found >= 0 else len(content) - 2), False
        else:
            code = content[place + 3]
            length = _length(content, place, code)
            if sure and code in wanted and place + length <= len(content):
                yield code, content[place : place + length]
            place += length
            sure = sure or code == _PACK
        if len(content) - place < _LONGEST_PACKET and (more := file.read(_READ)):
            content, place = content[place:] + more, 0
            size += len(more)
            on_read(size)


def _length(content: bytes, place: int, code: int) -> int:
    """The bytes up to the next code."""
    if code == _PACK:
        is_second = content[place + 4] & 0xC0 == 0x40
        return 14 + (content[place + 13] & 7) if is_second and len(content) > place + 13 else 12
    return 6 + (content[place + 4] << 8 | content[place + 5]) if code >= _LEAST_SYSTEM else 4


def _begin_of_payload(packet: bytes) -> int:
    """Where the content of a packet begins."""
    if packet[6:7] and packet[6] & 0xC0 == 0x80:
        return 9 + next(iter(packet[8:9]), 0)
    place = _begin_of_times(packet)
    kind = next(iter(packet[place : place + 1]), 0) >> 4
    return place + {2: 5, 3: 10}.get(kind, 1)


def _begin_of_times(packet: bytes) -> int:
    """Where the timestamps of a packet begin, in MPEG-1 after stuffing and the size of a buffer."""
    place = 6
    while packet[place : place + 1] == b"\xff":
        place += 1
    return place + 2 if packet[place : place + 1] and packet[place] & 0xC0 == 0x40 else place


def _pts(packet: bytes) -> bytes:
    """The timestamp of a packet as it is coded; empty where it has none."""
    is_second = bool(packet[6:7]) and packet[6] & 0xC0 == 0x80
    place = 9 if is_second else _begin_of_times(packet)
    coded = packet[place : place + 5]
    has_time = packet[7] & 0x80 if is_second else coded[:1] and coded[0] >> 4 in {2, 3}
    return bytes([coded[0] & 0x0F | 0x20, *coded[1:]]) if has_time and len(coded) == 5 else b""


def _stream(code: int, packet: bytes, begin: int) -> int | None:
    """The number that libav gives to the stream of a packet; None for what it does not know."""
    if code != _PRIVATE:
        return 0x100 | code
    if packet[begin : begin + 2] == _AC3:
        return _FIRST_AC3
    number = next(iter(packet[begin : begin + 1]), 0)
    return number if number in _INSIDE else None


def _packet(stream: int, payload: bytes, pts: bytes) -> bytes:
    """A packet with or without a timestamp."""
    code = stream & 0xFF if stream >= 0x100 else _PRIVATE
    content = (bytes([0x80, 0x80 if pts else 0, len(pts)]) + pts + payload)[:_MOST_CONTENT]  # MPEG-1 has shorter heads
    return _START + bytes([code]) + len(content).to_bytes(2, "big") + content
