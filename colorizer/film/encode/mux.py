"""Segments and the original's other streams become one film."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from colorizer.film.decode.mp4 import mp4_breaks_off
from colorizer.film.decode.probe import Footage, open_film
from colorizer.film.encode.encoder import Encoding, holds_codec
from colorizer.film.encode.segment import Segment
from colorizer.film.encode.side_streams import (
    add_companions,
    codec_of,
    companion_flaws,
    companion_packets,
    companions_of,
    kept_tags,
)
from colorizer.job import Job, Piece
from colorizer.model.orientation import display_matrix

if TYPE_CHECKING:
    from av.container.core import Chapter  # which is there for type checkers alone

_MP4_COMPANIONS = frozenset({"aac", "mp3", "ac3"})
"""Codecs that play in MP4 everywhere."""
_QUICKTIME_TAGS = frozenset(
    (
        *("title", "artist", "album_artist", "album", "composer", "comment", "date", "genre", "copyright", "location"),
        *("description", "synopsis", "grouping", "lyrics", "show", "episode_id", "network", "keywords"),
        *("creation_time", "timecode"),
    )
)
"""Metadata that libav's muxer knows in MP4 and MOV."""
_UPRIGHT = (65536, 0, 0, 0, 65536)
"""The beginning of a display matrix that does nothing, in 16.16 bits."""
_DEGREE = 1144
"""The sine of a degree, likewise."""
_SLIGHT = 0.01
"""By which a shape may differ that a container holds as width and height."""
_TOLERANCE = Fraction(1)
"""Seconds by which a film may be shorter than its header says."""
_PROGRAMME_CLOCK = 60
"""Seconds: timestamps that begin later than this count from a broadcaster's clock, not from the film's beginning."""


@dataclass(frozen=True, slots=True)
class Container:
    """What kind of file the result is."""

    format: str
    """libav's name of the muxer."""
    suffix: str


MP4, MOV, MKV = Container("mp4", ".mp4"), Container("mov", ".mov"), Container("matroska", ".mkv")

_LEAST_BEGINNING = {MP4: Fraction(-30), MOV: Fraction(-30), MKV: Fraction(-1)}
"""Seconds below zero at which a container's first timestamp may lie."""


def choose_container(footage: Footage, encoding: Encoding) -> Container:
    """MP4, MOV and MKV stay what they are; others become MP4 where everything fits and plays there, else MKV.

    A codec that its container cannot hold takes the nearest that can; FFV1 goes to MKV, where archives expect it.
    """
    if encoding.codec == "ffv1":
        return MKV
    return next(container for container in _preferred(footage, encoding) if holds_codec(container.format, encoding))


def join(  # noqa: PLR0913, PLR0917 (each is another thing)
    segments: Sequence[Segment],
    footage: Footage,
    container: Container,
    job: Job,
    maker: str,
    progress: Callable[[], None],
) -> tuple[str, ...]:
    """Write the finished film.

    Args:
        segments: its picture.
        footage: the original.
        container: what kind of file it becomes.
        job: for its files and its piece.
        maker: what made the colour, for the film's comment, or nothing.
        progress: told after each packet: on a slow disk a long film takes its time.

    Returns:
        What could not be kept, for the report.

    """
    notes: list[str] = []
    with open_film(footage.path) as original, _create(job, container, original) as result:
        shift = _shift(original, container, job.piece, notes)
        picture = _add_picture(result, segments[0], footage)
        picture.metadata.update(kept_tags(original.streams[footage.index]))
        picture.disposition = original.streams[footage.index].disposition
        companions = add_companions(result, companions_of(original, footage), notes)
        _describe(result, original, shift, job.piece)
        if maker:
            result.metadata["comment"] = "; ".join([*_take_comments(result), maker])
        packets = heapq.merge(
            _picture_packets(segments, picture, footage, shift),
            companion_packets(original, companions, shift, job.piece),
            key=lambda packet: float((packet.dts or 0) * packet.time_base),
        )
        reached = _mux(result, packets, notes, progress) + shift
        notes += companion_flaws(companions)
    notes += _unkept(job, footage, container)
    if job.piece is None:
        notes += _early_end(footage, reached - footage.start)
    return tuple(notes)


def _preferred(footage: Footage, encoding: Encoding) -> list[Container]:
    """Containers in the order in which they are tried."""
    suffix = footage.path.suffix.lower()
    if footage.container.startswith("matroska") and suffix != ".webm":
        return [MKV]
    if encoding.codec.startswith("prores"):
        return [MOV, MKV]
    if footage.container.startswith("mov"):
        return [MOV, MP4, MKV] if suffix in {".mov", ".qt"} else [MP4, MOV, MKV]
    with open_film(footage.path) as original:
        plays = all(codec_of(stream) in _MP4_COMPANIONS for stream in companions_of(original, footage))
    return [MP4, MKV] if plays else [MKV]


def _create(job: Job, container: Container, original: InputContainer) -> OutputContainer:
    """Open the result so that timestamps and tags stay as they are.

    Matroska holds sound that begins a little before zero, as coded sound does, although libav would rather move all of
    the film; QuickTime holds tags of any name, although libav would rather leave out those that it does not know.
    """
    options = {"avoid_negative_ts": "disabled"} if container == MKV else {}
    if container != MKV and kept_tags(original).keys() - _QUICKTIME_TAGS:
        options = {"movflags": "use_metadata_tags"}
    target = f"file:{job.target}"
    return av.open(target, "w", format=container.format, options=options, metadata_errors="surrogateescape")


def _mux(
    result: OutputContainer, packets: Iterator[Packet[Stream]], notes: list[str], progress: Callable[[], None]
) -> Fraction:
    """Write the packets; when the last of them ends, in seconds."""
    result.start_encoding()
    reached, refused = Fraction(0), 0
    for packet in packets:
        progress()
        reached = max(reached, ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base)
        try:
            result.mux(packet)
        except (av.error.InvalidDataError, av.error.ArgumentError):  # a damaged packet of sound, say
            refused += 1
    if refused:
        notes.append(f"{refused} damaged packets of sound or other streams left out")
    return reached


def _add_picture(result: OutputContainer, segment: Segment, footage: Footage) -> VideoStream:
    with av.open(str(segment.path)) as encoded:
        template = encoded.streams.video[0]
        stream = result.add_stream_from_template(template, opaque=not _encodes(template))
    context, tags = stream.codec_context, footage.coding.tags
    if context.codec.canonical_name == "hevc" and result.format.name in {MP4.format, MOV.format}:
        context.codec_tag = "hvc1"  # what Apple's players ask for
    context.framerate = footage.rate
    context.sample_aspect_ratio = footage.shape or Fraction(0, 1)
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    stream.time_base = footage.time_base
    if context.is_encoder:
        context.time_base = footage.time_base
    if footage.matrix is not None:
        stream.set_display_matrix(footage.matrix)
    return stream


def _early_end(footage: Footage, reached: Fraction) -> Iterator[str]:
    """Where the file ends, in seconds, if it lacks its end."""
    missing = footage.length - reached
    if missing > _TOLERANCE or mp4_breaks_off(footage.path):
        whole = f" of {float(footage.length):.2f} s" if missing > 0 else ""
        yield f"breaks off at {float(reached):.2f} s{whole}: the file ends early"


def _unkept(job: Job, footage: Footage, container: Container) -> Iterator[str]:
    """What the result does not say of its picture's shape: some codecs have no place for it, nor has the container."""
    with av.open(f"file:{job.target}", metadata_errors="surrogateescape") as result:
        stream = result.streams.video[0]
        picture = next(result.decode(stream), None)
        shape = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or 1
    matrix = picture and display_matrix(picture)
    seen = stream.codec_context.name != "ffv1"  # which says it of each frame, where libav's Python binding is blind
    if footage.shape and seen and abs(shape / footage.shape - 1) > _SLIGHT:
        yield f"shape of the samples ({footage.shape}) left out: {container.format} has no place for it with this codec"
    if footage.matrix is not None and not _alike(matrix or _UPRIGHT, footage.matrix):
        yield f"display matrix left out: {container.format} holds turns and mirror images alone"


def _alike(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two display matrices turn, mirror and scale a picture the same way, to a degree."""
    return all(abs(one[place] - other[place]) < _DEGREE for place in (0, 1, 3, 4))


def _encodes(template: VideoStream) -> bool:
    """Whether libav has an encoder of the same name as the decoder: of AV1 and VP9 it has none."""
    try:
        Codec(template.codec_context.codec.name, "w")
    except UnknownCodecError:
        return False
    return True


def _describe(result: OutputContainer, original: InputContainer, shift: Fraction, piece: Piece | None) -> None:
    result.metadata.update(kept_tags(original))
    moved = [_moved(chapter, shift, piece) for chapter in original.chapters()]
    chapters = [chapter for chapter in moved if chapter is not None]
    if chapters:
        result.set_chapters(chapters)


def _take_comments(result: OutputContainer) -> list[str]:
    """What the film's comments said, taken out under the names that they have in different containers."""
    return [result.metadata.pop(name) for name in list(result.metadata) if name.lower() == "comment"]


def _moved(chapter: Chapter, shift: Fraction, piece: Piece | None) -> Chapter | None:
    """A chapter on the result's clock, as far as it lies in the piece."""
    tick = chapter["time_base"] or Fraction(1, av.time_base)
    offset = round(shift / tick)
    start, end = chapter["start"] - offset, chapter["end"] - offset
    if piece is not None:
        start = max(start, 0)
        end = end if piece.length is None else min(end, round(Fraction(piece.length) / tick))
    return {**chapter, "start": start, "end": end} if start < end else None


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


def _shift(original: InputContainer, container: Container, piece: Piece | None, notes: list[str]) -> Fraction:
    """Seconds that are taken off every timestamp."""
    beginning = Fraction(original.start_time or 0, av.time_base)
    if piece is not None:
        return beginning + Fraction(piece.start)
    if _LEAST_BEGINNING[container] <= beginning < _PROGRAMME_CLOCK:
        return Fraction(0)
    notes.append(f"timestamps count from 0 instead of {float(beginning):.3f} s")
    return beginning
