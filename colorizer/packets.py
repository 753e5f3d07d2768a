"""A film's packets in the order of the file, on one clock, as far as the file can be read; and what they hold."""

from __future__ import annotations

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
    """Decode what can be decoded, each with whether it, or something beside it, is damaged."""
    last: VideoFrame | None = None
    damaged = False
    for packet in read_packets(container, [stream]):
        damaged = damaged or packet.is_corrupt
        try:
            pictures = cast("list[VideoFrame]", packet.decode())
        except (av.error.FFmpegError, ValueError):
            damaged = True
            continue
        for picture in pictures:
            if last is not None:
                yield last, damaged or last.is_corrupt
                damaged = False
            last = picture
    if last is not None:
        yield last, damaged or last.is_corrupt


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

    All streams of a file share the clock, so that they jump together; each by its own packets, because they do not
    lie side by side in the file.
    """

    def __init__(self) -> None:
        self._offset = Fraction(0)
        self._expected: dict[int, Fraction] = {}

    def correct(self, packet: Packet[Stream]) -> None:
        """Move a packet's timestamps onto the film's one clock."""
        if packet.dts is None or packet.time_base is None:
            return
        seconds = packet.dts * packet.time_base
        index = packet.stream.index
        expected = self._expected.get(index)
        if expected is not None and packet.stream.type in {"video", "audio"}:
            distance = seconds + self._offset - expected
            if not -_BEHIND < distance < _AHEAD:
                self._offset -= distance
        shift = round(self._offset / packet.time_base)
        packet.dts += shift
        packet.pts = None if packet.pts is None else packet.pts + shift
        self._expected[index] = (packet.dts + (packet.duration or 0)) * packet.time_base
