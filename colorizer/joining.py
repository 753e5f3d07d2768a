"""Segments and the original's other streams become one film; no packet of sound, subtitles or data is touched."""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from colorizer.encoder import Encoding
from colorizer.footage import Footage, open_film
from colorizer.job import Job, Piece
from colorizer.segment import Segment

_MP4_SOUND = frozenset({"aac", "mp3", "ac3"})
_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration"})
"""Metadata that describes the container itself."""
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
        others = _others(original, footage)
        sound = all(_codec(stream) in _MP4_SOUND for stream in others if stream.type == "audio")
        return MP4 if sound and all(stream.type == "audio" for stream in others) else MKV


def join(segments: Sequence[Segment], footage: Footage, container: Container, job: Job) -> tuple[str, ...]:
    """Write the finished film.

    Returns:
        What could not be kept, for the report.

    """
    notes: list[str] = []
    with open_film(footage.path) as original, av.open(f"file:{job.target}", "w", format=container.format) as result:
        shift = _shift(original, job.piece, notes)
        picture = _add_picture(result, segments[0], footage)
        copies = _add_copies(result, original, footage, container, notes)
        _describe(result, original)
        picture.metadata.update(_kept_tags(original.streams[footage.index]))
        packets = heapq.merge(
            _picture_packets(segments, picture, footage, shift),
            _copied_packets(original, copies, shift, job.piece),
            key=lambda packet: float((packet.dts or 0) * packet.time_base),
        )
        for packet in packets:
            result.mux(packet)
    return tuple(notes)


def _add_picture(result: OutputContainer, segment: Segment, footage: Footage) -> VideoStream:
    with av.open(str(segment.path)) as encoded:
        stream = result.add_stream_from_template(encoded.streams.video[0])
    context, tags = stream.codec_context, footage.coding.tags
    context.sample_aspect_ratio = footage.shape or Fraction(0, 1)
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    stream.time_base = context.time_base = footage.time_base
    if footage.matrix is not None:
        stream.set_display_matrix(footage.matrix)
    return stream


def _add_copies(
    result: OutputContainer, original: InputContainer, footage: Footage, container: Container, notes: list[str]
) -> dict[int, Stream]:
    """Add a stream for each of the original's others, by its index there."""
    copies: dict[int, Stream] = {}
    for stream in _others(original, footage):
        try:
            copy = result.add_stream_from_template(stream, opaque=True)
        except (ValueError, av.error.FFmpegError):
            notes.append(f"stream {stream.index} ({_name(stream)}) left out: {container.format} cannot hold it")
            continue
        copy.metadata.update(_kept_tags(stream))
        copy.disposition = stream.disposition
        copies[stream.index] = copy
    return copies


def _describe(result: OutputContainer, original: InputContainer) -> None:
    result.metadata.update(_kept_tags(original))
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
        for number, packet in segment.packets():
            pts = segment.timing.pts[number]
            packet.pts, packet.dts, packet.duration = pts - offset, due.popleft() - offset, next_pts[number] - pts
            packet.time_base = footage.time_base
            yield _for(stream, packet)


def _copied_packets(
    original: InputContainer, copies: dict[int, Stream], shift: Fraction, piece: Piece | None
) -> Iterator[Packet[Stream]]:
    if not copies:
        return
    for packet in _with_dts(original.demux([original.streams[index] for index in copies])):
        offset = round(shift / packet.time_base)
        packet.dts = (packet.dts or 0) - offset
        packet.pts = packet.dts if packet.pts is None else packet.pts - offset
        if piece is None or _is_inside(packet.dts * packet.time_base, piece):
            yield _for(copies[packet.stream.index], packet)


def _with_dts(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Packets with the decoding times that Matroska leaves out where a stream of pictures begins."""
    early: dict[int, list[Packet[Stream]]] = defaultdict(list)
    for packet in packets:
        if packet.size == 0 or packet.is_discard:
            continue
        waiting = early[packet.stream.index]
        waiting.append(packet)
        if packet.dts is not None:
            for steps, late in enumerate(reversed(waiting)):
                late.dts = packet.dts - steps * max(1, packet.duration or 1)
            yield from waiting
            waiting.clear()


def _for(stream: Stream, packet: Packet[Any]) -> Packet[Stream]:
    packet.stream = stream
    return packet


def _shift(original: InputContainer, piece: Piece | None, notes: list[str]) -> Fraction:
    """Seconds that are taken off every timestamp."""
    beginning = Fraction(original.start_time or 0, av.time_base)
    if piece is not None:
        return beginning + Fraction(piece.start)
    if beginning < _PROGRAMME_CLOCK:
        return Fraction(0)
    notes.append(f"timestamps count from 0 instead of {float(beginning):.3f} s")
    return beginning


def _is_inside(seconds: Fraction, piece: Piece) -> bool:
    return seconds >= 0 and (piece.length is None or seconds < piece.length)


def _others(original: InputContainer, footage: Footage) -> list[Stream]:
    return [stream for stream in original.streams if stream.index != footage.index]


def _kept_tags(described: InputContainer | Stream) -> dict[str, str]:
    return {key: value for key, value in described.metadata.items() if key.lower() not in _OWN_TAGS}


def _name(stream: Stream) -> str:
    return f"{stream.type}, {_codec(stream)}"


def _codec(stream: Stream) -> str:
    return stream.codec_context.codec.canonical_name if stream.codec_context else stream.name or "unknown"
