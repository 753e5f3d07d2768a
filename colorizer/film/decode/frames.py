"""A film's frames in the order of display: of one size and format, each with a usable timestamp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from itertools import chain, islice
from typing import cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from colorizer.film.decode.container import open_film
from colorizer.film.decode.decoder import PictureDecoder, in_display_order
from colorizer.film.decode.deinterlacing import progressive
from colorizer.film.decode.deviations import DAMAGED, MISSING, Deviation
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.packets import RESTARTING, read_packets
from colorizer.film.decode.pixel_format import inverted, narrowed
from colorizer.job import Excerpt

Place = tuple[int | None, int | None, int | None]
"""Where a packet stands in a film: its timestamps, and its first byte."""
_SAMPLE_THREADS = 2
"""Threads that decode samples."""
_NEARLY_ONE = 0.9
"""Least length of a gap in frames: pulldown shows frames for half a frame longer."""
_FEW = 4
"""Frames that a film may lack at its edges without a word: a cut leaves some that need a frame beyond it."""


def read_frames(
    info: FilmInfo,
    excerpt: Excerpt | None = None,
    *,
    keep_fields: bool = True,
    since: int | None = None,
    on_progress: Callable[[], None] = lambda: None,
) -> Iterator[Frame]:
    """Decode a film's frames in the order of display.

    Each begins later than the one before: timestamps that the file lacks are made from the frame rate. Packets that
    cannot be decoded are left out, and the frame after them says so, as does one after a gap.

    Args:
        info: the film.
        excerpt: which part of it, else all of it.
        keep_fields: whether interlaced frames stay interlaced.
        since: a timestamp to seek, in the stream's time base; the frames before it are left out.
        on_progress: called for each frame that is decoded and left out: between two key frames there may be hours.

    """
    start, stop = _window(info, excerpt)
    start = start if since is None else since
    seekable = info.container not in RESTARTING  # where a clock restarts, the same time stands at several places
    with _open_at(info, start if seekable else None) as (container, stream):
        stream.thread_type = "AUTO"
        frames = _timed(container, stream, info, start if seekable else None)
        for frame in frames if keep_fields else progressive(frames, info):
            if start is not None and frame.pts < start:
                on_progress()
                continue
            if stop is not None and frame.pts >= stop:
                return
            yield frame


def sample_pictures(
    info: FilmInfo, excerpt: Excerpt | None, count: int, seen: set[Place] | None = None
) -> Iterator[VideoFrame]:
    """Decode the key frames before moments that are spread evenly over a film, as far as they can be found.

    Moments with the same key frame count once, and key frames at places in `seen` are left out; places are added to it.
    """
    seen = set() if seen is None else seen
    with _open_for_samples(info, "SLICE") as (container, stream):
        for moment in _moments(info, excerpt, count):
            _seek(container, stream, moment)
            yield from _next_key_frame(container, stream, seen)
            stream.codec_context.flush_buffers()


def sample_runs(
    info: FilmInfo, excerpt: Excerpt | None, count: int, length: int, seen: set[Place] | None = None
) -> Iterator[Iterator[VideoFrame]]:
    """Decode a few neighbouring frames at moments that are spread evenly over a film, as far as they can be found.

    Each run begins at the key frame before its moment. Moments with the same key frame count once; see
    `sample_pictures`. Frames are decoded when they are read, and those of a run before the next run is asked for.
    """
    seen = set() if seen is None else seen
    with _open_for_samples(info, "AUTO") as (container, stream):
        for number, moment in enumerate(_moments(info, excerpt, count)):
            # The beginning of a film is where it is opened; a transport stream would be searched for it, past it.
            if (number == 0 and excerpt is None) or _seek(container, stream, moment):
                yield from _new_run(container, stream, length, seen)
                stream.codec_context.flush_buffers()
            else:  # anew, because the failed search may have moved it
                with _open_for_samples(info, "AUTO") as unmoved:
                    yield from _new_run(*unmoved, length, seen)


@contextmanager
def _open_for_samples(info: FilmInfo, threads: str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a film at its beginning, for a few frames at many places.

    Each thread by frames decodes a frame beyond those that are wanted, so there are few.
    """
    with open_film(info.path, info.rate, info.streams) as container:
        stream = cast("VideoStream", container.streams[info.index])
        stream.thread_type = threads
        stream.codec_context.thread_count = _SAMPLE_THREADS
        yield container, stream


def _moments(info: FilmInfo, excerpt: Excerpt | None, count: int) -> Iterator[int]:
    """Timestamps that are spread evenly over a film, in the stream's time base."""
    start, stop = _window(info, excerpt)
    begin = round(info.start / info.time_base) if start is None else start
    end = begin + info.expected * info.usual_duration if stop is None else stop
    for number in range(count):
        yield begin + (end - begin) * number // count


def _next_key_frame(container: InputContainer, stream: VideoStream, seen: set[Place]) -> list[VideoFrame]:
    """The next key frame, decoded without the frames after it; empty where it is damaged, missing or not new."""
    for packet in read_packets(container, [stream]):
        if packet.is_keyframe and packet.size:
            with suppress(av.error.FFmpegError, ValueError):
                new = _is_new(packet, seen)
                return [*stream.decode(cast("Packet[VideoStream]", packet)), *stream.decode(None)] if new else []
            break
    return []


def _new_run(
    container: InputContainer, stream: VideoStream, length: int, seen: set[Place]
) -> Iterator[Iterator[VideoFrame]]:
    """The next frames, unless they begin where others have begun."""
    packets = read_packets(container, [stream])
    for first in islice(packets, 1):
        if _is_new(first, seen):
            yield islice(PictureDecoder(chain([first], packets)), length)


def _is_new(packet: Packet[Stream], seen: set[Place]) -> bool:
    """Whether a packet's place was not seen before; it is noted."""
    place = packet.pts, packet.dts, packet.pos
    is_new = place not in seen
    seen.add(place)
    return is_new


@contextmanager
def _open_at(info: FilmInfo, start: int | None) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a film at the last key frame before a timestamp, or at its beginning where that cannot be found."""
    with open_film(info.path, info.rate, info.streams) as container:
        stream = cast("VideoStream", container.streams[info.index])
        if start is None or _seek(container, stream, start):
            yield container, stream
            return
    # Anew, because the failed search may have moved it.
    with open_film(info.path, info.rate, info.streams) as container:
        yield container, cast("VideoStream", container.streams[info.index])


def _seek(container: InputContainer, stream: VideoStream, start: int) -> bool:
    try:
        container.seek(start, stream=stream)
    except av.error.FFmpegError:  # there is no key frame before it
        return False
    return True


def _timed(container: InputContainer, stream: VideoStream, info: FilmInfo, sought: int | None) -> Iterator[Frame]:
    """Frames with their times, from the beginning of a film, or from a timestamp that was sought.

    What cannot be decoded before the first of them, and behind the last one, is told with that one.
    """
    decoder = PictureDecoder(read_packets(container, [stream]))
    last: Frame | None = None
    for frame in _in_time(decoder, stream.codec_context, info, sought or 0):
        if last is not None:
            yield last
        is_first = last is None and sought is None
        last = _with_gap(frame, decoder.begin, frame.pts, info) if is_first else frame
    if last is not None:
        yield _with_gap(last, last.end, decoder.end, info)


def _with_gap(frame: Frame, begin: int | None, end: int | None, info: FilmInfo) -> Frame:
    """A frame that tells of a time, before or behind it, for which there are packets and no pictures."""
    if begin is None or end is None or end - begin <= _FEW * info.usual_duration:
        return frame
    told = sorted((*frame.deviations, Deviation(DAMAGED, begin, end)), key=lambda deviation: deviation.begin)
    return replace(frame, deviations=tuple(told))


def _in_time(decoder: PictureDecoder, context: VideoCodecContext, info: FilmInfo, due: int) -> Iterator[Frame]:
    last: int | None = None
    shape = context.sample_aspect_ratio
    for picture, time, damaged in in_display_order(decoder, context):
        pts = due if time is None else time
        missing = last is not None and info.constant_rate and pts - due > _NEARLY_ONE * info.usual_duration
        begin = pts if last is None else min(due, pts)
        last = pts if last is None else max(pts, last + 1)
        due = last + (picture.duration or info.usual_duration)
        own: tuple[Deviation, ...] = (Deviation(DAMAGED, begin, due),) if damaged else ()
        if missing and not damaged:
            own = (Deviation(MISSING, begin, last),)
        if context.sample_aspect_ratio != shape:
            own += (Deviation(_reshaped(context.sample_aspect_ratio, info), last, due),)
        frame = _uniform(Frame(picture, last, due, own), info)
        if info.narrowed:
            frame = replace(frame, picture=narrowed(frame.picture, info.coding))
        if info.inversion:
            frame = replace(frame, picture=inverted(frame.picture, info.coding, info.inversion))
        frame.picture.pts, frame.picture.time_base = last, info.time_base
        yield frame


def _uniform(frame: Frame, info: FilmInfo) -> Frame:
    """The frame in the size and format of the film's first one, which the encoder cannot change."""
    picture = frame.picture
    if (picture.width, picture.height, picture.format.name) == (info.width, info.height, info.pixels):
        return frame
    uniform = picture.reformat(info.width, info.height, info.pixels)
    same_size = (picture.width, picture.height) == (info.width, info.height)
    what = f"{picture.format.name} became {info.pixels}" if same_size else _scaling(picture, info)
    return replace(frame, picture=uniform, deviations=(*frame.deviations, Deviation(what, frame.pts, frame.end)))


def _reshaped(shape: Fraction | None, info: FilmInfo) -> str:
    return f"the shape of the samples changes to {shape or 1}, and stays {info.shape or 1} in the result"


def _scaling(picture: VideoFrame, info: FilmInfo) -> str:
    return f"{picture.width} x {picture.height} was scaled to the {info.width} x {info.height} of the first frame"


def _window(info: FilmInfo, excerpt: Excerpt | None) -> tuple[int | None, int | None]:
    """First timestamp and the one after the last, in the stream's time base."""
    if excerpt is None:
        return None, None
    start = round((info.start + Fraction(excerpt.start)) / info.time_base)
    if excerpt.length is None:
        return start, None
    return start, start + round(Fraction(excerpt.length) / info.time_base)
