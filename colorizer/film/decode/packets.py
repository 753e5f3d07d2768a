"""A film's packets in the order of the file, on one clock, as far as the file can be read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from colorizer.errors import UnsupportedError

RESTARTING = frozenset({"mpegts", "mpeg"})
"""libav's names of the containers whose clock may start anew within a file: recordings that were joined, or broken."""
_AHEAD, _BEHIND = 10, 1
"""Seconds by which a timestamp may differ from the expected one before the clock counts as restarted."""
_NEAR, _NEAR_FRAMES = Fraction(1, 4), 4
"""Seconds, and frames, by which pictures may lie behind: theirs do not overlap, as those of joined sound may."""
_RECENT = 8
"""Number of jumps that are kept: more than the streams of one file are apart."""
_MOST_FAILURES = 20
"""Times in a row that a demuxer finds nothing to read before the rest is given up."""
_MOST_WAITING = 200
"""Packets of other streams that wait for the pictures: some seconds of sound."""


def read_packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """Demux streams, up to the first place that cannot be read.

    Empty packets, which flush decoders, come last. They are marked as corrupt where more could not be read.

    Raises:
        UnsupportedError: a packet is encrypted (ISO/IEC 23001-7).

    """
    wanted = {stream.index for stream in streams}
    if container.format.name not in RESTARTING:
        yield from _readable(container, list(streams))
        return
    for packet in _on_one_clock(_readable(container, list(container.streams))):
        if packet.stream.index in wanted:
            yield packet


def encrypted(path: Path) -> UnsupportedError:
    """The refusal of a film that is encrypted: decoders ignore that, and give out noise."""
    return UnsupportedError(f"{path.name}: it is encrypted, and tintd decrypts nothing")


def _readable(container: InputContainer, streams: list[Stream]) -> Iterator[Packet[Stream]]:
    """Packets up to the end; behind a damaged place that the demuxer passes, the next of each stream is marked."""
    failures, to_mark = 0, set[int]()
    while failures < _MOST_FAILURES:
        try:
            for packet in container.demux(streams):
                if packet.has_sidedata("encryption_info"):
                    raise encrypted(Path(container.name))
                packet.is_corrupt |= packet.stream.index in to_mark
                to_mark.discard(packet.stream.index)
                failures = 0
                yield packet
        except (av.error.FFmpegError, ValueError):
            failures, to_mark = failures + 1, {stream.index for stream in streams}
        except IndexError:  # raised by the binding at the end, where a stream appeared that the header does not name
            return
        else:
            return
    for stream in streams:
        flush: Packet[Stream] = Packet()
        flush.stream, flush.is_corrupt = stream, True
        yield flush


def _on_one_clock(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Packets with continuous timestamps: where the clock jumps, other streams wait for the pictures, which go on."""
    clock = _Clock()
    waiting: deque[Packet[Stream]] = deque()
    for packet in packets:
        is_picture, jumps = packet.stream.type == "video", clock.would_jump(packet)
        if packet.size and not is_picture and (waiting or jumps) and len(waiting) < _MOST_WAITING:
            waiting.append(packet)
            continue
        if is_picture:
            clock.correct(packet)
        if jumps or not is_picture or not packet.size:
            yield from _corrected(waiting, clock)
        if not is_picture:
            clock.correct(packet)
        yield packet
    yield from _corrected(waiting, clock)


def _corrected(waiting: deque[Packet[Stream]], clock: _Clock) -> Iterator[Packet[Stream]]:
    while waiting:
        packet = waiting.popleft()
        clock.correct(packet)
        yield packet


class _Clock:
    """Continuous timestamps for a film whose clock jumps.

    All streams of a file share the clock, and so the offset that a jump calls for; but each jumps by its own packets,
    because they do not lie side by side in the file.
    """

    def __init__(self) -> None:
        self._recent: deque[Fraction] = deque(maxlen=_RECENT)
        self._offsets: dict[int, Fraction] = {}
        self._expected: dict[int, Fraction] = {}

    def correct(self, packet: Packet[Stream]) -> None:
        """Move a packet's timestamps onto the film's one clock."""
        if packet.dts is None or packet.time_base is None:
            return
        index, newest = packet.stream.index, self._recent[-1] if self._recent else Fraction(0)
        if packet.stream.type in {"video", "audio"}:
            offset = self._offset(packet, self._offsets.get(index, newest))
        else:  # there may be minutes between subtitles
            offset = newest
        shift = round(offset / packet.time_base)
        packet.dts += shift
        packet.pts = None if packet.pts is None else packet.pts + shift
        self._offsets[index] = offset
        self._expected[index] = (packet.dts + (packet.duration or 0)) * packet.time_base

    def would_jump(self, packet: Packet[Stream]) -> bool:
        """Whether a packet lies where its stream does not go on with any known offset."""
        if packet.dts is None or packet.time_base is None or packet.stream.type not in {"video", "audio"}:
            return False
        expected, seconds = self._expected.get(packet.stream.index), packet.dts * packet.time_base
        own = self._offsets.get(packet.stream.index, Fraction(0))
        near = _near(packet)
        return expected is not None and not any(
            -near < seconds + offset - expected < _AHEAD for offset in (own, *self._recent)
        )

    def _offset(self, packet: Packet[Stream], own: Fraction) -> Fraction:
        """The stream's own offset while it fits, else that of another stream's jump, or a new one."""
        expected, seconds = self._expected.get(packet.stream.index), (packet.dts or 0) * packet.time_base
        if expected is None or -_near(packet) < seconds + own - expected < _AHEAD:
            return own
        behind = _near(packet) if packet.stream.type == "video" else _BEHIND
        known = (own, *reversed(self._recent))
        fitting = [offset for offset in known if -behind < seconds + offset - expected < _AHEAD]
        if fitting:
            return min(fitting, key=lambda offset: abs(seconds + offset - expected))
        self._recent.append(expected - seconds)
        return expected - seconds


def _near(packet: Packet[Stream]) -> Fraction:
    """Seconds by which a packet may lie behind the expected time where nothing has happened."""
    frames = _NEAR_FRAMES * (packet.duration or 0) * packet.time_base if packet.stream.type == "video" else 0
    return Fraction(min(max(_NEAR, frames), _BEHIND))
