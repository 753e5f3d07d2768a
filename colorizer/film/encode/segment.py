"""A segment of a film: its encoded picture in a file of its own, finished once its timing lies beside it.

The file's timestamps are the frames' numbers, because its container (Matroska) rounds time to milliseconds; the true
ones stand in the timing.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.sidedata.sidedata import Type as SideData
from av.video.frame import PictureType
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict

from colorizer.durable import sync_file, write_durably
from colorizer.film.decode.libav_filter import graph_of
from colorizer.film.decode.probe import Footage, Frame
from colorizer.film.encode.encoder import Encoding, add_picture, keeps_captions
from colorizer.film.encode.presets import name_of

_TICK = Fraction(1, 1000)
"""Matroska's time base: one tick a frame."""
_MOST_LAG = 32
"""More frames than any encoder holds back to reorder them."""
_MARKED = 16
"""Frames at a segment's end that are marked: a decoder that began in the wrong place shows it by then."""


class Timing(BaseModel):
    """When a segment's frames are shown."""

    model_config = ConfigDict(frozen=True)

    pts: tuple[int, ...]
    """In the original's time base, ascending."""
    end: int
    """When the last frame's time is over."""
    lag: int
    """By how many frames the order of decoding runs behind that of display."""
    flaws: dict[str, list[tuple[int, int]]] = {}
    """Spans in which frames differ from the original's, by what it is that differs."""
    marks: tuple[int, ...]
    """Checksums of the original's last frames in it, by which they are known again."""


@dataclass(frozen=True, slots=True)
class Coloured:
    """A frame that has its colour, and the checksum of the one that it was made of."""

    frame: Frame
    mark: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment."""

    path: Path
    timing: Timing

    def packets(self) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Encoded packets in the order of decoding, each with the number of its frame in the segment."""
        with av.open(str(self.path)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.pts is not None:
                    yield packet.pts, packet


def read_segment(path: Path) -> Segment | None:
    """A segment that was finished, or None."""
    timing = path.with_suffix(".json")
    if not timing.is_file() or not path.is_file():
        return None
    return Segment(path, Timing.model_validate_json(timing.read_text()))


def write_segment(path: Path, frames: Iterable[Coloured], encoding: Encoding, footage: Footage) -> Segment:
    """Encode frames, at least one, into a segment.

    Args:
        path: where; its timing goes beside it.
        frames: coloured, in the pixel format of `encoding`.
        encoding: how.
        footage: the original.

    """
    noted = _Noted(frames, encoding)
    lag = 0
    with av.open(str(path), "w", format="matroska") as container:
        for coded, packet in enumerate(_encode(container, noted, encoding, footage)):
            number = noted.number_of(packet)
            lag = max(lag, coded - number)
            packet.pts, packet.dts, packet.duration, packet.time_base = number, coded - _MOST_LAG, 1, _TICK
            container.mux(packet)
    sync_file(path)
    timing = Timing(pts=tuple(noted.pts), end=noted.end, lag=lag, flaws=noted.flaws, marks=tuple(noted.marks))
    write_durably(path.with_suffix(".json"), timing.model_dump_json())
    return Segment(path, timing)


class _Noted:
    """Frames on their way into the encoder, and when each is shown."""

    def __init__(self, frames: Iterable[Coloured], encoding: Encoding) -> None:
        self._frames = frames
        self._encoding = encoding
        self._keeps_captions = keeps_captions(encoding.codec)
        self._inside: dict[int, int] = {}
        self.pts: list[int] = []
        self.marks: deque[int] = deque(maxlen=_MARKED)
        self.flaws: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self.end = 0

    def __iter__(self) -> Iterator[Frame]:
        for coloured in self._frames:
            frame = coloured.frame
            for flaw in frame.flaws:
                self.flaws[flaw.what].append((flaw.begin, flaw.end))
            if not self._keeps_captions and SideData.A53_CC in frame.picture.side_data:
                lost = f"closed captions left out: {name_of(self._encoding.codec)} has no place for them"
                self.flaws[lost].append((frame.pts, frame.end))
            self._inside[frame.pts] = len(self.pts)
            self.pts.append(frame.pts)
            self.marks.append(coloured.mark)
            self.end = frame.end
            yield frame

    def number_of(self, packet: Packet[VideoStream]) -> int:
        """The number of the frame that a packet holds."""
        return self._inside.pop(packet.pts or 0)


def _encode(
    container: OutputContainer, frames: Iterable[Frame], encoding: Encoding, footage: Footage
) -> Iterator[Packet[VideoStream]]:
    stream: VideoStream | None = None
    graph: Graph | None = None
    for frame in frames:
        picture = frame.picture
        stream = stream or add_picture(container, encoding, footage, picture.width)
        if encoding.codec == "ffv1" and footage.shape:  # it asks the frames, not the encoder, for their shape
            graph = graph or graph_of("setsar", str(footage.shape), picture, footage.time_base)
            graph.vpush(picture)
            picture = graph.vpull()
        picture.pts, picture.time_base = frame.pts, footage.time_base
        picture.pict_type = PictureType.NONE  # the original's choice of key frames is not the encoder's
        yield from stream.encode(picture)
    if stream is not None:
        yield from stream.encode(None)
