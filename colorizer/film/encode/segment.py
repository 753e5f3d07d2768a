"""A segment of a film: its encoded picture in a file of its own, finished once its record is beside it.

The file's timestamps are the frames' numbers, because its container (Matroska) rounds time to milliseconds. The
record holds the true ones.
"""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.container import OutputContainer
from av.filter import Graph
from av.packet import Packet
from av.video.frame import PictureType
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict, ValidationError

from colorizer.durable import sync_file, write_durably
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.libav_filter import graph_of
from colorizer.film.decode.side_data import has_captions
from colorizer.film.encode.encoder import Encoding, add_picture, keeps_captions
from colorizer.film.encode.presets import name_of
from colorizer.film.shot_state import ShotState
from colorizer.processors import leave_real_time

_TICK = Fraction(1, 1000)
"""Matroska's time base: one tick a frame."""
_MOST_LAG = 32
"""More frames than any encoder holds back to reorder them."""
PROOF = 16
"""Number of frames at a segment's end whose checksums are kept: enough to see that a decoder began in a wrong place."""


class SegmentRecord(BaseModel):
    """What is known of a finished segment."""

    model_config = ConfigDict(frozen=True)

    pts: tuple[int, ...]
    """Times at which its frames are shown, in the original's time base, ascending."""
    end: int
    """Time at which the last frame's time is over."""
    lag: int
    """Number of frames by which the order of decoding runs behind that of display."""
    in_colour: int
    """Number of frames that kept the chroma that they had."""
    deviations: dict[str, list[tuple[int, int]]] = {}
    """Spans in which frames differ from the original's, by the words for the difference."""
    checksums: tuple[int, ...]
    """Checksums of the last frames' original luma, which prove where decoding goes on."""
    state: ShotState
    """State of colouring after the last frame, from which the next segment goes on."""
    machine: str
    """What coloured and encoded it, see `colorizer.film.encode.machine`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A finished segment."""

    path: Path
    record: SegmentRecord

    def packets(self) -> Iterator[tuple[int, Packet[VideoStream]]]:
        """Encoded packets in the order of decoding, each with the number of its frame in the segment."""
        with av.open(str(self.path)) as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.pts is not None:
                    yield packet.pts, packet

    def without_state(self) -> Segment:
        """The same for joining; states of colouring are large, and a long film has thousands of segments."""
        return replace(self, record=self.record.model_copy(update={"state": ShotState()}))


def read_segment(path: Path) -> Segment | None:
    """A segment that was finished, or None; one whose record is damaged, or of another version, is not."""
    record = path.with_suffix(".json")
    if not record.is_file() or not path.is_file():
        return None
    try:
        return Segment(path, SegmentRecord.model_validate_json(record.read_bytes()))
    except ValidationError:
        return None


def encode_segment(
    path: Path, frames: Iterable[Frame], encoding: Encoding, info: FilmInfo, machine: str
) -> Callable[[], Segment]:
    """Encode frames, at least one, into a segment.

    Args:
        path: where; its record goes beside it.
        frames: coloured, in the pixel format of `encoding`.
        encoding: how.
        info: the original.
        machine: what colours and encodes it, see `colorizer.film.encode.machine`.

    Returns:
        A function that finishes the segment: it writes the frames that the encoder holds back, and the record. It may
        run in another thread, while the frames of the next segment are encoded. What it returns has no state.

    """
    log = FrameLog(frames, encoding)
    # An earlier attempt may still write the same segment on a machine that is cut off: each has a file of its own.
    unfinished = path.with_name(f"{path.stem}-{secrets.token_hex(4)}.part")
    with ExitStack() as opened:
        container = opened.enter_context(av.open(str(unfinished), "w", format="matroska"))
        file = _SegmentFile(container, log, encoding, info)
        for frame in log:
            file.add(frame)
        return partial(_finish, path, unfinished, file, machine, opened.pop_all())


def _finish(path: Path, unfinished: Path, file: _SegmentFile, machine: str, opened: ExitStack) -> Segment:
    with opened:
        file.drain()
    sync_file(unfinished)
    unfinished.replace(path)
    record = file.record(machine)
    write_durably(path.with_suffix(".json"), record.model_dump_json())
    return Segment(path, record).without_state()


class FrameLog:
    """Passes frames to the encoder and notes what the segment's record needs."""

    def __init__(self, frames: Iterable[Frame], encoding: Encoding) -> None:
        self._frames = frames
        self._encoding = encoding
        self._keeps_captions = keeps_captions(encoding.codec)
        self._inside: dict[int, int] = {}
        self._pts: list[int] = []
        self._checksums: deque[int] = deque(maxlen=PROOF)
        self._deviations: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self._in_colour = 0
        self._last: Frame | None = None

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            for deviation in frame.deviations:
                self._deviations[deviation.what].append((deviation.begin, deviation.end))
            if not self._keeps_captions and has_captions(frame.picture):
                lost = f"closed captions left out: {name_of(self._encoding.codec)} has no place for them"
                self._deviations[lost].append((frame.pts, frame.end))
            self._inside[frame.pts] = len(self._pts)
            self._pts.append(frame.pts)
            self._checksums.append(frame.checksum)
            self._in_colour += frame.in_colour
            self._last = frame
            yield frame

    def number_of(self, packet: Packet[VideoStream]) -> int:
        """The number of the frame that a packet holds."""
        return self._inside.pop(packet.pts or 0)

    def record(self, lag: int, machine: str) -> SegmentRecord:
        """The record of the segment, once all frames have passed."""
        return SegmentRecord(
            pts=tuple(self._pts),
            end=self._last.end if self._last else 0,
            lag=lag,
            in_colour=self._in_colour,
            deviations=self._deviations,
            checksums=tuple(self._checksums),
            state=self._last.state if self._last else ShotState(),
            machine=machine,
        )


class _SegmentFile:
    """The file of a segment while it is written."""

    def __init__(self, container: OutputContainer, log: FrameLog, encoding: Encoding, info: FilmInfo) -> None:
        self._container = container
        self._log = log
        self._encoding = encoding
        self._info = info
        self._stream: VideoStream | None = None
        self._graph: Graph | None = None
        self._coded = 0
        self._lag = 0

    def add(self, frame: Frame) -> None:
        """Encode a frame."""
        picture, info = frame.picture, self._info
        self._stream = self._stream or add_picture(self._container, self._encoding, info, picture.width)
        if self._encoding.codec == "ffv1" and info.shape:  # it takes the shape from the frames, not from the encoder
            self._graph = self._graph or graph_of("setsar", str(info.shape), picture, info.time_base)
            self._graph.vpush(picture)
            picture = self._graph.vpull()
        picture.pts, picture.time_base = frame.pts, info.time_base
        picture.pict_type = PictureType.NONE  # the original's choice of key frames is not the encoder's
        packets = self._stream.encode(picture)
        leave_real_time()
        self._mux(packets)

    def drain(self) -> None:
        """Write the frames that the encoder holds back."""
        if self._stream is not None:
            self._mux(self._stream.encode(None))

    def record(self, machine: str) -> SegmentRecord:
        """The record of the segment, once it is drained."""
        return self._log.record(self._lag, machine)

    def _mux(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            number = self._log.number_of(packet)
            self._lag = max(self._lag, self._coded - number)
            packet.pts, packet.dts, packet.duration = number, self._coded - _MOST_LAG, 1
            packet.time_base = _TICK
            self._container.mux(packet)
            self._coded += 1
