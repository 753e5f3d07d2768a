"""A film's packets in the order of the file, on one clock, as far as the file can be read; and what they hold."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_RESTARTING = frozenset({"mpegts", "mpeg"})
"""libav's names of the containers whose clock may start anew within a file: recordings that were joined, or broken."""
_AHEAD, _BEHIND = 10, 1
"""Seconds by which a timestamp may leave its stream's expected time, before the clock counts as started anew."""
_RECENT = 8
"""Jumps that are remembered: more than streams of one file lie apart."""


def read_packets(container: InputContainer, streams: Sequence[Stream]) -> Iterator[Packet[Stream]]:
    """Demux streams; what cannot be read on ends the film there. Empty packets, which flush decoders, come last."""
    wanted = {stream.index for stream in streams}
    if container.format.name not in _RESTARTING:
        yield from _readable(container, list(streams))
        return
    clock = _Clock()
    for packet in _readable(container, list(container.streams)):
        if packet.size:
            clock.correct(packet)
        if packet.stream.index in wanted:
            yield packet


def decode_pictures(container: InputContainer, stream: VideoStream) -> Iterator[tuple[VideoFrame, bool]]:
    """Decode what can be decoded, each with whether it, or something just before it, is damaged."""
    marked: list[int] = []
    last: VideoFrame | None = None
    damaged = False
    for packet in read_packets(container, [stream]):
        if packet.is_corrupt and packet.pts is not None:
            marked.append(packet.pts)  # its picture may come many packets later
        else:
            damaged = damaged or packet.is_corrupt
        try:
            pictures = cast("list[VideoFrame]", packet.decode())
        except (av.error.FFmpegError, ValueError):
            damaged = True
            continue
        for picture in pictures:
            if last is not None:
                yield last, _take_marks(marked, last) or damaged or last.is_corrupt
                damaged = False
            last = picture
    if last is not None:
        yield last, bool(marked) or damaged or last.is_corrupt


def _take_marks(marked: list[int], picture: VideoFrame) -> bool:
    """Whether packets up to a picture's own were marked as damaged; they are forgotten."""
    own = [pts for pts in marked if picture.pts is None or pts <= picture.pts]
    for pts in own:
        marked.remove(pts)
    return bool(own)


def _readable(container: InputContainer, streams: list[Stream]) -> Iterator[Packet[Stream]]:
    try:
        yield from container.demux(streams)
    except (av.error.FFmpegError, ValueError):  # beyond a damaged place that the demuxer cannot pass
        for stream in streams:
            flush: Packet[Stream] = Packet()
            flush.stream = stream
            yield flush


class _Clock:
    """Timestamps that go on where a film's clock jumps.

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
            offset = self._offset(
                packet.dts * packet.time_base, self._expected.get(index), self._offsets.get(index, newest)
            )
        else:  # there may be minutes between subtitles
            offset = newest
        shift = round(offset / packet.time_base)
        packet.dts += shift
        packet.pts = None if packet.pts is None else packet.pts + shift
        self._offsets[index] = offset
        self._expected[index] = (packet.dts + (packet.duration or 0)) * packet.time_base

    def _offset(self, seconds: Fraction, expected: Fraction | None, own: Fraction) -> Fraction:
        """The stream's own as long as it fits, else that of a jump which another stream has made, or a new one."""
        if expected is None:
            return own
        for offset in (own, *reversed(self._recent)):
            if -_BEHIND < seconds + offset - expected < _AHEAD:
                return offset
        self._recent.append(expected - seconds)
        return expected - seconds
