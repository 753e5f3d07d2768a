"""Segments and the original's other streams become one film."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from colorizer.companions import add_companions, codec_of, companion_packets, companions_of, kept_tags
from colorizer.encoder import Encoding
from colorizer.footage import Footage, open_film
from colorizer.job import Job, Piece
from colorizer.segment import Segment

_MP4_SOUND = frozenset({"aac", "mp3", "ac3"})
_PROGRAMME_CLOCK = 60
"""Seconds: timestamps that begin later than this count from a broadcaster's clock, not from the film's beginning."""


@dataclass(frozen=True, slots=True)
class Container:
    """What kind of file the result is."""

    format: str
    """libav's name of the muxer."""
    suffix: str


MP4, MOV, MKV = Container("mp4", ".mp4"), Container("mov", ".mov"), Container("matroska", ".mkv")


def choose_container(footage: Footage, encoding: Encoding) -> Container:
    """MP4, MOV and MKV stay what they are; others become MP4 where everything fits and plays there, else MKV."""
    suffix = footage.path.suffix.lower()
    if encoding.codec == "ffv1" or (footage.container.startswith("matroska") and suffix != ".webm"):
        return MKV
    if footage.container.startswith("mov"):
        return MOV if suffix in {".mov", ".qt"} else MP4
    with open_film(footage.path) as original:
        plays = all(codec_of(stream) in _MP4_SOUND for stream in companions_of(original, footage))
        return MP4 if plays else MKV


def join(segments: Sequence[Segment], footage: Footage, container: Container, job: Job) -> tuple[str, ...]:
    """Write the finished film.

    Returns:
        What could not be kept, for the report.

    """
    notes: list[str] = []
    with open_film(footage.path) as original, av.open(f"file:{job.target}", "w", format=container.format) as result:
        shift = _shift(original, job.piece, notes)
        picture = _add_picture(result, segments[0], footage)
        picture.metadata.update(kept_tags(original.streams[footage.index]))
        companions = add_companions(result, companions_of(original, footage), notes)
        _describe(result, original)
        packets = heapq.merge(
            _picture_packets(segments, picture, footage, shift),
            companion_packets(original, companions, shift, job.piece),
            key=lambda packet: float((packet.dts or 0) * packet.time_base),
        )
        for packet in packets:
            result.mux(packet)
    return tuple(notes)


def _add_picture(result: OutputContainer, segment: Segment, footage: Footage) -> VideoStream:
    with av.open(str(segment.path)) as encoded:
        stream = result.add_stream_from_template(encoded.streams.video[0])
    context, tags = stream.codec_context, footage.coding.tags
    context.framerate = footage.rate
    context.sample_aspect_ratio = footage.shape or Fraction(0, 1)
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    stream.time_base = context.time_base = footage.time_base
    if footage.matrix is not None:
        stream.set_display_matrix(footage.matrix)
    return stream


def _describe(result: OutputContainer, original: InputContainer) -> None:
    result.metadata.update(kept_tags(original))
    chapters = original.chapters()
    if chapters:
        result.set_chapters(chapters)


def _picture_packets(
    segments: Sequence[Segment], stream: VideoStream, footage: Footage, shift: Fraction
) -> Iterator[Packet[Stream]]:
    """The segments' packets with the original's timestamps, and decoding times that rise throughout."""
    offset = round(shift / footage.time_base)
    lag = max(segment.timing.lag for segment in segments)
    first = segments[0].timing.pts[0]
    due = deque(first - early * footage.usual_duration for early in range(lag, 0, -1))
    ends = [*(segment.timing.pts[0] for segment in segments[1:]), segments[-1].timing.end]
    for segment, end in zip(segments, ends, strict=True):
        due.extend(segment.timing.pts)
        next_pts = (*segment.timing.pts[1:], end)
        for number, encoded in segment.packets():
            packet: Packet[Stream] = encoded  # type: ignore[assignment] # it changes streams here
            pts = segment.timing.pts[number]
            packet.pts, packet.dts, packet.duration = pts - offset, due.popleft() - offset, next_pts[number] - pts
            packet.time_base = footage.time_base
            packet.stream = stream
            yield packet


def _shift(original: InputContainer, piece: Piece | None, notes: list[str]) -> Fraction:
    """Seconds that are taken off every timestamp."""
    beginning = Fraction(original.start_time or 0, av.time_base)
    if piece is not None:
        return beginning + Fraction(piece.start)
    if beginning < _PROGRAMME_CLOCK:
        return Fraction(0)
    notes.append(f"timestamps count from 0 instead of {float(beginning):.3f} s")
    return beginning
