"""Decoding the pictures of one stream, as far as they can be decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from colorizer.film.decode.packets import read_packets


class PictureDecoder:
    """The pictures of a stream in the order of display; what cannot be decoded is left out."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self._container = container
        self._stream = stream
        self._marked: list[int] = []
        """Timestamps of the packets that were marked as damaged and whose pictures have not come yet."""
        self.damaged = False
        """Whether the picture that came last, or something just before it, is damaged."""

    def __iter__(self) -> Iterator[VideoFrame]:
        last: VideoFrame | None = None
        damaged = False
        for packet in read_packets(self._container, [self._stream]):
            if packet.is_corrupt and packet.pts is not None:
                self._marked.append(packet.pts)  # its picture may come many packets later
            else:
                damaged = damaged or packet.is_corrupt
            try:
                pictures = cast("list[VideoFrame]", packet.decode())
            except (av.error.FFmpegError, ValueError):
                damaged = True
                continue
            for picture in pictures:
                if last is not None:
                    self.damaged = self._take_marks(last) or damaged or last.is_corrupt
                    yield last
                    damaged = False
                last = picture
        if last is not None:
            self.damaged = bool(self._marked) or damaged or last.is_corrupt
            yield last

    def _take_marks(self, picture: VideoFrame) -> bool:
        """Whether packets up to a picture's own were marked as damaged; they are forgotten."""
        own = [pts for pts in self._marked if picture.pts is None or pts <= picture.pts]
        for pts in own:
            self._marked.remove(pts)
        return bool(own)
