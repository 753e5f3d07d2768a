"""Decoding the pictures of one stream, as far as they can be decoded."""

from __future__ import annotations

import heapq
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import cast

import av
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_MOST_THREADS = min(16, (os.cpu_count() or 1) + 1) + 1
"""More threads than libav's decoders have on this machine."""


class PictureDecoder:
    """The pictures of a stream in the order of display; what cannot be decoded is left out."""

    def __init__(self, packets: Iterable[Packet[Stream]]) -> None:
        """Set up for the packets of the stream, see `read_packets`."""
        self._packets = packets
        self._marked: list[int] = []
        """Timestamps of the packets that were marked as damaged and whose pictures have not come yet."""
        self.damaged = False
        """Whether the picture that came last, or something just before it, is damaged."""
        self.begin: int | None = None
        """Earliest timestamp of the packets so far; of pictures that are shown."""
        self.end: int | None = None
        """Time at which the latest of them ends."""

    def __iter__(self) -> Iterator[VideoFrame]:
        last: VideoFrame | None = None
        damaged = False
        recent: deque[Packet[Stream]] = deque(maxlen=_MOST_THREADS)
        for packet in self._packets:
            if _repeats(packet):
                continue
            self._extend(packet)
            if packet.is_corrupt and packet.pts is not None:
                self._marked.append(packet.pts)  # its picture may come many packets later
            else:
                damaged = damaged or packet.is_corrupt
            if packet.size and _stands_alone(packet.stream):
                recent.append(packet)
            try:
                pictures = cast("list[VideoFrame]", packet.decode())
            except (av.error.FFmpegError, ValueError):
                damaged = True
                if packet.size or packet.pts is not None:  # else it flushes the decoder
                    continue
                pictures = list(_decode_alone(recent, None if last is None else last.pts))
            for picture in pictures:
                if last is not None:
                    self.damaged = self._take_marks(last) or damaged or last.is_corrupt
                    yield last
                    damaged = False
                last = picture
        if last is not None:
            self.damaged = bool(self._marked) or damaged or last.is_corrupt
            yield last

    def _extend(self, packet: Packet[Stream]) -> None:
        if packet.size and packet.pts is not None and not packet.is_discard:
            end = packet.pts + (packet.duration or 0)
            self.begin = packet.pts if self.begin is None else min(self.begin, packet.pts)
            self.end = end if self.end is None else max(self.end, end)

    def _take_marks(self, picture: VideoFrame) -> bool:
        """Whether packets up to a picture's own were marked as damaged; they are forgotten."""
        own = [pts for pts in self._marked if picture.pts is None or pts <= picture.pts]
        for pts in own:
            self._marked.remove(pts)
        return bool(own)


def _repeats(packet: Packet[Stream]) -> bool:
    """Whether the picture before is shown again: an empty packet of Theora says so. A flush has no time."""
    return not packet.size and packet.dts is not None and packet.stream.codec_context.codec.name == "theora"


def _stands_alone(stream: Stream) -> bool:
    """Whether each packet of a stream is a picture of its own."""
    codec = stream.codec_context.codec
    return codec.intra_only or codec.name == "png"  # which APNG shares, where it does not hold


def _decode_alone(packets: Iterable[Packet[Stream]], after: int | None) -> Iterator[VideoFrame]:
    """Decode packets after a time one by one: at the end, an error takes along the pictures of other threads."""
    for packet in packets:
        context = cast("VideoCodecContext", packet.stream.codec_context)
        if packet.pts is None or (after is not None and packet.pts <= after):
            continue
        context.flush_buffers()
        with suppress(av.error.FFmpegError, ValueError):
            yield from (*context.decode(cast("Packet[VideoStream]", packet)), *context.decode(None))


def in_display_order(
    decoder: PictureDecoder, context: VideoCodecContext
) -> Iterator[tuple[VideoFrame, int | None, bool]]:
    """Pictures with the times at which they are shown, and whether they are damaged.

    Pictures are shown in the order in which the decoder gives them out. Some files give the times of decoding instead
    (VC-1 in QuickTime, packed B-frames in AVI, H.264 in old FLV): there, the times of neighbouring pictures change
    places until they rise. A picture waits for as many others as the decoder holds back to reorder them.
    """
    waiting: deque[tuple[VideoFrame, bool]] = deque()
    times: list[int] = []

    def first() -> tuple[VideoFrame, int | None, bool]:
        picture, damaged = waiting.popleft()
        return picture, None if picture.pts is None else heapq.heappop(times), damaged

    for picture in decoder:
        waiting.append((picture, decoder.damaged))
        if picture.pts is not None:
            heapq.heappush(times, picture.pts)
        if len(waiting) > _held_back(context):
            yield first()
    while waiting:
        yield first()


def _held_back(context: VideoCodecContext) -> int:
    return context.reorder_depth + 1 if context.reorder_depth else 0
