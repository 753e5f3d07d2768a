"""Find out what a film is, from its headers and its first frame."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.stream import Discard, Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.container import open_film
from colorizer.film.decode.decoder import PictureDecoder
from colorizer.film.decode.film_info import (
    BOTTOM_FIRST,
    PROGRESSIVE,
    TOP_FIRST,
    Chapter,
    FilmInfo,
    FoundStreams,
    Scan,
    SideStream,
)
from colorizer.film.decode.folders.disc_film import titles_of
from colorizer.film.decode.folders.sequence_film import USUAL_RATE, check_frames, is_density, undecoded
from colorizer.film.decode.late_streams import find_streams
from colorizer.film.decode.mp4 import mp4_is_encrypted, refuse_cut_mp4
from colorizer.film.decode.packets import encrypted, read_packets
from colorizer.film.decode.pixel_format import depth_of, is_rgb
from colorizer.film.decode.side_data import display_matrix, is_dolby_vision
from colorizer.film.decode.signal import SampleCoding, complete_tags, without_linear
from colorizer.frame_sequence import is_sequence, read_sequence
from colorizer.job import ReadCallback

_LIMITED_BY_DEFAULT = frozenset({"h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", "vc1"})
"""Codecs whose standard says that untagged grey has limited range; in other files grey goes from 0 to white."""

_WITH_LENGTH = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "asf", "flv", "mxf", "rm"})
"""Demuxers of containers whose header gives the film's length; for the others libav guesses it."""

_COUNTING_FROM_ZERO = frozenset({"matroska,webm", "asf"})
"""Demuxers of containers whose length counts from 0, not from the first timestamp."""

_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "alpha_mode"})
"""Metadata that describes the container itself, or how the original was encoded."""
_KEY = "enc_key_id"
"""libav's name for the key of an encrypted track of WebM."""
_LONGEST_SAMPLE = 16
"""Greatest ratio of a sample's sides; that of films is 4 at most."""
_STATISTICS = ("_statistics", "bps", "number_of_frames", "number_of_bytes")
"""Beginnings of the names of tags in which mkvmerge counts what is in a track."""


def probe_film(
    path: Path,
    most_megapixels: int,
    rate: str | None = None,
    streams: FoundStreams | None = None,
    on_read: ReadCallback = lambda _share: None,
) -> FilmInfo:
    """Read what a film is from its headers and its first frame.

    Args:
        path: the file, or the sequence.
        most_megapixels: larger pictures are refused.
        rate: frames per second of a sequence; None: the usual ones.
        streams: what libav is to be told of its streams; None: it is looked for.
        on_read: called often while the streams are looked for.

    Raises:
        UnsupportedError: it is no film, or one that cannot be coloured.
        TruncatedError: it ends before its first frame.
        MediaError: nothing in it can be decoded.

    """
    sequence_rate = USUAL_RATE if rate is None else Fraction(rate)
    if is_sequence(path):
        check_frames(path, most_megapixels)
    if streams is None:
        streams = find_streams(path, on_read)
    with open_film(path, sequence_rate, streams) as container:
        scrambled = streams.tables.encrypted if streams.tables else frozenset[int]()
        stream = _main_stream(path, container, scrambled)
        _check_size(path, stream, most_megapixels)
        tags, picture_tags = kept_tags(container), kept_tags(stream)
        chapters = tuple(Chapter(**chapter) for chapter in container.chapters())
        side_streams = _side_streams(container, stream, scrambled)
        frame = _first_frame(path, container, stream)
        own_rate = _rate(stream)
        introduced = int(container.format.name == "dv" and bool(streams.introduction))  # a frame, see `late_streams`
        info = FilmInfo(
            path=path,
            index=stream.index,
            codec=codec_of(stream),
            container=container.format.name,
            width=frame.width,
            height=frame.height,
            pixels=frame.format.name,
            coding=_coding(path, stream, frame),
            shape=_shape(stream),
            matrix=display_matrix(frame),
            field_order=_field_order(stream, frame),
            scan=Scan.FLAGGED,
            lossless=stream.codec_context.codec.lossless and not stream.codec_context.codec.lossy,
            alpha=any(component.is_alpha for component in frame.format.components),
            hidden_alpha=stream.metadata.get("alpha_mode") == "1",
            time_base=stream.time_base or Fraction(1, 90000),
            rate=own_rate,
            constant_rate=_is_constant(container, stream),
            expected=stream.frames or round(_container_length(container) * own_rate) - introduced,
            start=Fraction(container.start_time or 0, av.time_base) + introduced / own_rate,
            length=_header_length(container, stream, own_rate),
            disposition=int(stream.disposition),
            picture_tags=picture_tags,
            tags=tags,
            chapters=chapters,
            side_streams=side_streams,
            streams=streams,
        )
    if titles := titles_of(path):
        shape = titles.shape and titles.shape * info.height / info.width
        return replace(info, shape=shape or info.shape, expected=round(titles.length * info.rate))
    return _with_sound(info, sequence_rate) if is_sequence(path) else info


def _with_sound(info: FilmInfo, rate: Fraction) -> FilmInfo:
    """A sequence with the sound that lies beside it; gaps in its numbers change neither its rate nor its times."""
    coding = replace(info.coding, tags=without_linear(info.coding.tags))  # see `describe_transfer`
    info = replace(info, rate=rate, constant_rate=False, tags={}, picture_tags={}, disposition=0, coding=coding)
    sequence = read_sequence(info.path)
    sound, info = sequence.sound, replace(info, is_density=is_density(sequence.frames[0].path))
    if sound is None:
        return info
    with open_film(sound) as container:
        streams = tuple(SideStream(each.index, each.type, codec_of(each)) for each in container.streams.audio)
        return replace(info, sound=sound if streams else None, side_streams=streams, tags=kept_tags(container))


def kept_tags(described: InputContainer | Stream) -> dict[str, str]:
    """Metadata that describes the film, not its container nor how it was encoded."""
    return {key: value for key, value in described.metadata.items() if not _is_own(key.lower())}


def _is_own(tag: str) -> bool:
    return tag in _OWN_TAGS or tag.startswith(_STATISTICS)


def codec_of(stream: Stream) -> str:
    """The name that libav has for a stream's codec, whichever decoder reads it, or unknown."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def _main_stream(path: Path, container: InputContainer, scrambled: Collection[int]) -> VideoStream:
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        refuse_cut_mp4(path)
        raise UnsupportedError(f"{path.name}: there is no moving picture in this file")
    streams = [stream for stream in streams if stream.id not in scrambled]
    if not streams or mp4_is_encrypted(path) or any(_KEY in stream.metadata for stream in container.streams):
        raise encrypted(path)
    best = cast("VideoStream", container.streams.best("video"))
    chosen = best if best in streams else streams[0]
    if chosen.codec_context is None:
        raise UnsupportedError(f"{path.name}: there is no decoder for its picture; save it as H.264 or FFV1")
    return chosen


def _side_streams(
    container: InputContainer, picture: VideoStream, scrambled: Collection[int]
) -> tuple[SideStream, ...]:
    """The streams beside the picture, without those that the muxer makes anew, and encrypted ones of a broadcast."""
    return tuple(
        SideStream(stream.index, stream.type, codec_of(stream))
        for stream in container.streams
        if stream.index != picture.index and not _is_made_anew(stream, container) and stream.id not in scrambled
    )


def _is_made_anew(stream: Stream, container: InputContainer) -> bool:
    """Timecode, which is also a tag; QuickTime's chapters, which libav reads but does not show; a disc's navigation."""
    is_navigation = container.format.name == "mpeg"
    return stream.type == "data" and (is_navigation or "timecode" in stream.metadata or stream.discard == Discard.all)


def _shape(stream: VideoStream) -> Fraction | None:
    """The shape of the samples; None where it is not told, or where a damaged header tells of threads."""
    shape = stream.sample_aspect_ratio
    return shape if shape and 1 / _LONGEST_SAMPLE <= shape <= _LONGEST_SAMPLE else None


def _check_size(path: Path, stream: VideoStream, most_megapixels: int) -> None:
    """Refuse what would fill the memory before it is decoded: a damaged header can give any size."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > most_megapixels * 1_000_000:
        raise UnsupportedError(
            f"{path.name}: its picture of {width} x {height} is larger than film.max_megapixels ({most_megapixels})"
        )
    stream.codec_context.options["max_pixels"] = str(most_megapixels * 1_000_000)


def _first_frame(path: Path, container: InputContainer, stream: VideoStream) -> VideoFrame:
    stream.thread_type = "SLICE"
    for frame in PictureDecoder(read_packets(container, [stream])):
        return frame
    refuse_cut_mp4(path)
    advice = undecoded(path) if is_sequence(path) else ""
    raise MediaError(f"{path.name}: not one frame of it can be decoded{advice}")


def _rate(stream: VideoStream) -> Fraction:
    """Frames per second; libav's average is wrong where it counts ticks instead of frames."""
    return (stream.average_rate if _has_average(stream) else None) or stream.guessed_rate or Fraction(25)


def _has_average(stream: VideoStream) -> bool:
    """Whether libav's average counts frames: in silent DV, and in Matroska without durations, it counts ticks."""
    average, base = stream.average_rate, stream.base_rate
    return not (average and base and average > 2 * base)


def _is_constant(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the file says that all frames are shown equally long: in AVI and Ogg, empty ones repeat others."""
    if container.format.name in {"avi", "ogg"} or not (_has_average(stream) or codec_of(stream) == "dvvideo"):
        return False
    return _rate(stream) == stream.base_rate


def _field_order(stream: VideoStream, frame: VideoFrame) -> int:
    """The decoder's field order, else the usual one: in SD only DV, which has no other, has the bottom field first."""
    if stream.codec_context.field_order > PROGRESSIVE:
        return stream.codec_context.field_order
    if not frame.interlaced_frame:
        return PROGRESSIVE
    return BOTTOM_FIRST if codec_of(stream) == "dvvideo" else TOP_FIRST


def _header_length(container: InputContainer, stream: VideoStream, rate: Fraction) -> Fraction:
    """Seconds that the header gives: libav shortens those of a cut-off AVI, but not its number of frames."""
    if container.format.name not in _WITH_LENGTH:
        return Fraction(0)
    counted = stream.frames / rate if container.format.name == "avi" else Fraction(0)
    return max(_container_length(container), counted)


def _container_length(container: InputContainer) -> Fraction:
    """Seconds that the container gives, from its first timestamp on."""
    before = (container.start_time or 0) if container.format.name in _COUNTING_FROM_ZERO else 0
    return max(Fraction(0), Fraction((container.duration or 0) - before, av.time_base))


def _coding(path: Path, stream: VideoStream, frame: VideoFrame) -> SampleCoding:
    pixels = frame.format
    grey = pixels.name.startswith(("gray", "ya")) and codec_of(stream) not in _LIMITED_BY_DEFAULT
    full = grey or pixels.name.startswith("yuvj") or (is_sequence(path) and is_rgb(pixels))
    if stream.codec_context.codec_tag in {"dvh1", "dvhe"} or is_dolby_vision(frame):
        raise UnsupportedError(f"{path.name}: Dolby Vision films are not coloured")
    try:
        tags = complete_tags(frame, frame.height, full=full)
    except UnsupportedError as error:
        raise UnsupportedError(f"{path.name}: {error}") from error
    return SampleCoding(depth=depth_of(pixels), tags=tags)
