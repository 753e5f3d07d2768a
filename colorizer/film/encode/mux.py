"""Segments and the original's other streams become one film."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from colorizer.errors import MediaError
from colorizer.film.decode.container import open_film
from colorizer.film.decode.film_info import Chapter, FilmInfo
from colorizer.film.decode.mp4 import mp4_breaks_off
from colorizer.film.encode.container import MKV, MOV, MP4, Container
from colorizer.film.encode.header_additions import header_additions
from colorizer.film.encode.lost_shape import describe_lost_shape
from colorizer.film.encode.matroska import add_to_header, keep_room
from colorizer.film.encode.segment import Segment
from colorizer.film.encode.side_streams import (
    add_side_streams,
    conversion_losses,
    describe_late_streams,
    side_stream_packets,
)
from colorizer.film.encode.verification import Written, expect, verify
from colorizer.job import Excerpt, Job
from colorizer.report import counted

if TYPE_CHECKING:
    from av.container.core import Chapter as LibavChapter  # exists for type checkers only

_QUICKTIME_TAGS = frozenset(
    (
        *("title", "artist", "album_artist", "album", "composer", "comment", "date", "genre", "copyright", "location"),
        *("description", "synopsis", "grouping", "lyrics", "show", "episode_id", "network", "keywords"),
        *("creation_time", "timecode"),
    )
)
"""Metadata that libav's muxer knows in MP4 and MOV."""
_TOLERANCE = Fraction(1)
"""Seconds by which a film may be shorter than the length in its header."""
_WITHOUT_LIST = frozenset({"flv", "dv"})
"""Demuxers of containers that do not list their streams: what appears late is named, see `describe_late_streams`."""
_OTHER_FILES = "some chapters show parts of other files (linked segments), which are coloured by themselves"
"""What the report says of linked chapters."""
_PROGRAMME_CLOCK = 60
"""Seconds: timestamps that begin later than this count from a broadcaster's clock, not from the film's beginning."""


_REFUSALS = (av.error.InvalidDataError, av.error.ArgumentError, av.error.PatchWelcomeError)
"""What muxers say of packets that they cannot write."""
_UNWRITABLE = (av.error.ArgumentError, av.error.PatchWelcomeError)
"""What they say of streams or times for which they have no way."""
_LEAST_BEGINNING = Fraction(-1, 4)
"""Seconds below zero at which the first timestamp may lie: that of coded sound, whose beginning no player plays."""


def join(  # noqa: PLR0913, PLR0917 (each is another thing)
    segments: Sequence[Segment],
    info: FilmInfo,
    container: Container,
    job: Job,
    maker: str,
    on_progress: Callable[[], None],
) -> tuple[str, ...]:
    """Write the finished film.

    Args:
        segments: its picture.
        info: the original.
        container: what kind of file it becomes.
        job: for its files and its excerpt.
        maker: what made the colour, for the film's comment, or nothing.
        on_progress: called after each packet: on a slow disk a long film takes its time.

    Returns:
        What could not be kept, for the report.

    Raises:
        MediaError: the container cannot hold the film, or the result is damaged.

    """
    notes: list[str] = []
    first = segments[0].record.pts[0] * info.time_base
    shift = _shift(info, job.excerpt, first, notes)
    with _opened(info) as original, _create(job, container, info) as result:
        picture = _add_picture(result, segments[0], info)
        picture.metadata.update(info.picture_tags)
        picture.disposition = Disposition(info.disposition)
        carried = add_side_streams(result, original, info.side_streams, notes) if original else {}
        added = header_additions(info, job, shift, carried.values()) if container == MKV else None
        if added:
            keep_room(result, added)
        _describe(result, info, shift, job.excerpt)
        if maker:
            result.metadata["comment"] = "; ".join([*_take_comments(result), maker])
        packets = heapq.merge(
            _picture_packets(segments, picture, info, shift),
            side_stream_packets(original, carried, shift, job.excerpt) if original else (),
            key=lambda packet: float((packet.dts or 0) * packet.time_base),
        )
        packets_written: Counter[int] = Counter()
        reached = _mux(result, _counted(packets, packets_written), notes, on_progress) + shift
        streams, chapters = expect(carried.values()), len(_chapters(info, shift, job.excerpt))
        notes += conversion_losses(carried)
        notes += describe_late_streams(original) if original else ()
    if added:
        add_to_header(job.target, added)
        notes += [_OTHER_FILES] if added.shows_other_files else []
    notes += info.streams.tables.notes() if info.streams.tables else ()
    last = segments[-1].record.end * info.time_base - shift
    frames = sum(len(segment.record.pts) for segment in segments)
    notes += verify(job.target, info, Written(frames, last, packets_written, chapters, streams), on_progress)
    notes += describe_lost_shape(job.target, info, container)
    if job.excerpt is None:
        notes += _early_end(info, reached - info.start)
    return tuple(notes)


def _opened(info: FilmInfo) -> AbstractContextManager[InputContainer | None]:
    """The film, or the file of its sound, for the packets of its side streams; None where it has none."""
    is_needed = info.side_streams or info.container in _WITHOUT_LIST
    return open_film(info.sound or info.path, streams=info.streams) if is_needed else nullcontext()


@contextmanager
def _create(job: Job, container: Container, info: FilmInfo) -> Iterator[OutputContainer]:
    """Open the result so that timestamps and tags stay as they are; closing it writes what is left.

    Matroska holds sound that begins a little before zero, as coded sound does, although libav would rather move all of
    the film. QuickTime holds tags of any name, although libav would rather leave out those that it does not know.
    """
    options = {"avoid_negative_ts": "disabled"} if container == MKV else {}
    if container != MKV and info.tags.keys() - _QUICKTIME_TAGS:
        options = {"movflags": "use_metadata_tags"}
    target, errors = f"file:{job.target}", "surrogateescape"
    try:
        with av.open(target, "w", format=container.format, options=options, metadata_errors=errors) as result:
            yield result
    except _UNWRITABLE as error:  # frames of a damaged original that last for days, say
        raise MediaError(f"{info.path.name}: {container.format} cannot hold its timestamps or streams") from error


def _mux(
    result: OutputContainer, packets: Iterator[Packet[Stream]], notes: list[str], on_progress: Callable[[], None]
) -> Fraction:
    """Write the packets; when the last of them ends, in seconds."""
    result.start_encoding()
    reached, refused = Fraction(0), 0
    for packet in packets:
        on_progress()
        reached = max(reached, ((packet.pts or 0) + (packet.duration or 0)) * packet.time_base)
        try:
            result.mux(packet)
        except _REFUSALS:  # a damaged packet of sound, say
            refused += 1
    if refused:
        notes.append(f"{counted(refused, 'damaged packet')} of sound or other streams left out")
    return reached


def _counted(packets: Iterable[Packet[Stream]], counts: Counter[int]) -> Iterator[Packet[Stream]]:
    """Packets, counted by their stream."""
    for packet in packets:
        counts[packet.stream.index] += packet.size > 0  # an empty one only changes what is known of the stream
        yield packet


def _add_picture(result: OutputContainer, segment: Segment, info: FilmInfo) -> VideoStream:
    with av.open(str(segment.path)) as encoded:
        template = encoded.streams.video[0]
        stream = result.add_stream_from_template(template, opaque=not _encodes(template))
    context, tags = stream.codec_context, info.coding.tags
    if context.codec.canonical_name == "hevc" and result.format.name in {MP4.format, MOV.format}:
        context.codec_tag = "hvc1"  # what Apple's players ask for
    context.framerate = info.shown_rate
    context.sample_aspect_ratio = info.shape or Fraction(0, 1)
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    stream.time_base = info.time_base
    if context.is_encoder:
        context.time_base = info.time_base
    if info.matrix is not None:
        stream.set_display_matrix(info.matrix)
    return stream


def _early_end(info: FilmInfo, reached: Fraction) -> Iterator[str]:
    """Where the file ends, in seconds, if it lacks its end."""
    missing = info.length - reached
    if missing > _TOLERANCE or mp4_breaks_off(info.path):
        whole = f" of {float(info.length):.2f} s" if missing > 0 else ""
        yield f"breaks off at {float(reached):.2f} s{whole}: the file ends early"


def _encodes(template: VideoStream) -> bool:
    """Whether libav has an encoder of the same name as the decoder: of AV1 and VP9 it has none."""
    try:
        Codec(template.codec_context.codec.name, "w")
    except UnknownCodecError:
        return False
    return True


def _describe(result: OutputContainer, info: FilmInfo, shift: Fraction, excerpt: Excerpt | None) -> None:
    result.metadata.update(info.tags)
    if chapters := _chapters(info, shift, excerpt):
        result.set_chapters([cast("LibavChapter", asdict(chapter)) for chapter in chapters])


def _chapters(info: FilmInfo, shift: Fraction, excerpt: Excerpt | None) -> list[Chapter]:
    moved = (_moved(chapter, shift, excerpt) for chapter in info.chapters)
    return [chapter for chapter in moved if chapter is not None]


def _take_comments(result: OutputContainer) -> list[str]:
    """Take the film's comments out, whichever spelling of the name the container uses."""
    return [result.metadata.pop(name) for name in list(result.metadata) if name.lower() == "comment"]


def _moved(chapter: Chapter, shift: Fraction, excerpt: Excerpt | None) -> Chapter | None:
    """A chapter on the result's clock, as far as it lies in the excerpt."""
    tick = chapter.time_base or Fraction(1, av.time_base)
    offset = round(shift / tick)
    start, end = chapter.start - offset, chapter.end - offset
    if excerpt is not None:
        start = max(start, 0)
        end = end if excerpt.length is None else min(end, round(Fraction(excerpt.length) / tick))
    return replace(chapter, start=start, end=end) if start < end else None


def _picture_packets(
    segments: Sequence[Segment], stream: VideoStream, info: FilmInfo, shift: Fraction
) -> Iterator[Packet[Stream]]:
    """The segments' packets with the original's timestamps, and decoding times that rise throughout."""
    offset = round(shift / info.time_base)
    lag = max(segment.record.lag for segment in segments)
    first = segments[0].record.pts[0]
    due = deque(first - early * info.usual_duration for early in range(lag, 0, -1))
    ends = [*(segment.record.pts[0] for segment in segments[1:]), segments[-1].record.end]
    for segment, end in zip(segments, ends, strict=True):
        due.extend(segment.record.pts)
        next_pts = (*segment.record.pts[1:], end)
        for number, encoded in segment.packets():
            packet: Packet[Stream] = encoded  # type: ignore[assignment] # it changes streams here
            pts = segment.record.pts[number]
            packet.pts, packet.dts, packet.duration = pts - offset, due.popleft() - offset, next_pts[number] - pts
            packet.time_base = info.time_base
            packet.stream = stream
            yield packet


def _shift(info: FilmInfo, excerpt: Excerpt | None, first: Fraction, notes: list[str]) -> Fraction:
    """Seconds that are taken off every timestamp: of a picture that begins below zero, players leave a part out."""
    if excerpt is not None:
        return info.start + Fraction(excerpt.start)
    if info.container == "dv":
        return info.start
    if first >= 0 and _LEAST_BEGINNING <= info.start < _PROGRAMME_CLOCK:
        return Fraction(0)
    notes.append(f"timestamps count from 0 instead of {float(info.start):.3f} s")
    return info.start
