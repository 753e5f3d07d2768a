"""The moving picture of a film: what it is, and what its samples say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import torch
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideData
from av.stream import Disposition
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from torch import Tensor

from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.film.decode.deviations import Flaw
from colorizer.film.decode.mp4 import is_mp4, refuse_cut_mp4
from colorizer.film.decode.packets import decode_pictures
from colorizer.film.decode.signal import Coding, complete_tags
from colorizer.model.lab import luma_of_rgb
from colorizer.model.orientation import display_matrix, orientation_of

_NO_FILMS = frozenset(
    {"tty", "image2", "msp", "lrc", "srt", "ass", "webvtt", "ffmetadata", "concat", "hls", "dash", "sdp"}
)
"""What libav opens, but what is text, a list, or a still picture."""

_LIMITED_BY_DEFAULT = frozenset({"h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", "vc1"})
"""Codecs whose standard says that untagged grey has limited range; in other files grey goes from 0 to white."""

_PROMISING = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi", "asf", "flv", "mxf"})
"""Containers whose header tells how long the film is; of the others libav guesses it from what is there."""

_COUNTING_FROM_ZERO = frozenset({"matroska,webm", "asf"})
"""Containers whose length counts from 0, not from the first timestamp."""

_DAMAGE = (av.error.InvalidDataError, av.error.PatchWelcomeError, av.error.MemoryError, UnicodeDecodeError)
"""What libav and its binding say of headers that say nothing, or too much."""

_PROGRESSIVE, _TOP_FIRST, _BOTTOM_FIRST = 1, 2, 3  # libav's AVFieldOrder


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture and its time, in the stream's time base."""

    picture: VideoFrame
    pts: int
    end: int
    """When the next one is due, as far as the file knows."""
    flaws: tuple[Flaw, ...] = ()
    """In what it, or the time just before it, differs from the original."""


@dataclass(frozen=True, slots=True)
class Footage:
    """The moving picture of a film."""

    path: Path
    index: int
    """Of its stream in the file."""
    codec: str
    container: str
    width: int
    height: int
    pixels: str
    """libav's name of the pixel format."""
    coding: Coding
    shape: Fraction | None
    """Sample aspect ratio."""
    matrix: tuple[int, ...] | None
    """Display matrix, as libav has it, where the picture is shown turned."""
    field_order: int
    """libav's AVFieldOrder; 0 and 1 are pictures of one moment."""
    lossless: bool
    alpha: bool
    veiled: bool
    """Whether it has transparency that libav does not decode: that of VP8 and VP9."""
    time_base: Fraction
    rate: Fraction
    """Frames per second, as far as the file knows."""
    steady: bool
    """Whether the file says that all frames are shown equally long."""
    expected: int
    """Number of frames, as far as the file knows, else 0."""
    start: Fraction
    """When the first of its streams begins, in seconds."""
    length: Fraction
    """Seconds that its header promises, else 0."""
    fields: bool = False
    """Whether interlaced pictures stay as they are."""

    @property
    def interlaced(self) -> bool:
        """Whether its pictures consist of fields of two moments."""
        return self.field_order > _PROGRESSIVE

    @property
    def orientation(self) -> int:
        """EXIF's number of how its frames are stored."""
        return orientation_of(self.matrix) if self.matrix else 1

    @property
    def usual_duration(self) -> int:
        """Of a frame that does not say its own, in the time base."""
        return max(1, round(1 / (self.rate * self.time_base)))


def inspect_footage(path: Path, most_megapixels: int) -> Footage:
    """Read what a film is from its headers and its first frame.

    Args:
        path: the file.
        most_megapixels: larger pictures are refused.

    Raises:
        UnsupportedError: it is no film, or one that cannot be coloured.
        TruncatedError: it ends before its first frame.
        MediaError: nothing in it can be decoded.

    """
    with open_film(path) as container:
        stream = _main_stream(path, container)
        _check_size(path, stream, most_megapixels)
        frame = _first_frame(path, container, stream)
        rate = _rate(stream)
        return Footage(
            path=path,
            index=stream.index,
            codec=stream.codec_context.codec.canonical_name,
            container=container.format.name,
            width=frame.width,
            height=frame.height,
            pixels=frame.format.name,
            coding=_coding(path, stream, frame),
            shape=stream.sample_aspect_ratio,
            matrix=display_matrix(frame),
            field_order=_field_order(stream, frame),
            lossless=stream.codec_context.codec.lossless and not stream.codec_context.codec.lossy,
            alpha=any(component.is_alpha for component in frame.format.components),
            veiled=stream.metadata.get("alpha_mode") == "1",
            time_base=stream.time_base or Fraction(1, 90000),
            rate=rate,
            steady=rate == stream.base_rate and container.format.name != "avi",  # where empty frames repeat others
            expected=stream.frames or round(_told_length(container) * rate),
            start=Fraction(container.start_time or 0, av.time_base),
            length=_promised(container, stream, rate),
        )


@contextmanager
def open_film(path: Path) -> Iterator[InputContainer]:
    """Open a film for reading, whatever its name looks like.

    Raises:
        UnsupportedError: libav does not know what it is, or it is a single picture.
        TruncatedError: it ends before its index.
        MediaError: its header is damaged, or the disk is.

    """
    try:
        container = av.open(f"file:{path}", metadata_errors="surrogateescape")
    except _DAMAGE as error:
        raise _explain_unreadable(path) from error
    except av.error.EOFError as error:
        raise TruncatedError(f"{path.name}: the file ends before anything can be read") from error
    except OSError as error:  # the disk's, or what libav says of a header that contradicts itself
        raise MediaError(f"{path.name}: the film cannot be read: {error.strerror}") from error
    with container:
        if container.format.name in _NO_FILMS:
            raise _unknown(path)
        if container.format.name.endswith("_pipe"):  # libav's names of single pictures
            kind = container.format.name.removesuffix("_pipe").upper()
            raise UnsupportedError(f"{path.name}: a picture in {kind}, which tintd does not colour; save it as PNG")
        yield container


def luma_codes(frame: VideoFrame, coding: Coding) -> Tensor:
    """The luma of a frame as the integers that the file holds, uint8 or uint16, (H, W).

    The plane is shared with the frame where its format has one; R'G'B' is turned into luma, at 16 bits.

    """
    if has_luma_plane(frame.format):
        return torch.from_dlpack(frame.planes[0])
    if is_coloured_light(frame.format):
        rgb = torch.from_dlpack(frame.reformat(format="rgb48le").planes[0]).float() / 65535
        return coding.luma_codes(luma_of_rgb(rgb.permute(2, 0, 1), coding.matrix)[0])
    return torch.from_dlpack(frame.reformat(format=_unpacked(frame.format)).planes[0]).clone()


def has_luma_plane(pixels: VideoFormat) -> bool:
    """Whether a format's first plane is luma and nothing else, in this machine's byte order."""
    first, *others = pixels.components
    alone = first.plane == 0 and all(component.plane != 0 for component in others)
    packed_high = pixels.name.startswith(("p0", "p2", "p4"))  # the samples lie in the upper bits
    return (
        alone
        and first.is_luma
        and 8 <= first.bits <= 16
        and not (pixels.has_palette or pixels.is_big_endian or packed_high)
    )


def is_coloured_light(pixels: VideoFormat) -> bool:
    """Whether a format holds R'G'B' or a palette of it, black and white of one bit included."""
    return pixels.is_rgb or pixels.has_palette or pixels.name.startswith(("mono", "xyz", "bayer"))


def depth_of(pixels: VideoFormat) -> int:
    """Bits of a luma sample, 8..16."""
    return min(16, max(8, pixels.components[0].bits))


def _unpacked(pixels: VideoFormat) -> str:
    """The planar format of the same depth into which a packed one is unpacked without any change to its luma."""
    only_luma = sum(not component.is_alpha for component in pixels.components) == 1
    depth = depth_of(pixels)
    return ("gray" if only_luma else "yuv444p") + ("" if depth == 8 else f"{depth}le")


def _main_stream(path: Path, container: InputContainer) -> VideoStream:
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        refuse_cut_mp4(path)
        raise UnsupportedError(f"{path.name}: there is no moving picture in this file")
    best = cast("VideoStream", container.streams.best("video"))
    chosen = best if best in streams else streams[0]
    if chosen.codec_context is None:
        raise UnsupportedError(f"{path.name}: no decoder for its picture ({chosen.codec_tag})")
    return chosen


def _check_size(path: Path, stream: VideoStream, most_megapixels: int) -> None:
    """Refuse what would fill the memory, before it is decoded: damaged headers promise pictures of any size."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width * height > most_megapixels * 1_000_000:
        raise UnsupportedError(
            f"{path.name}: its picture of {width} x {height} is larger than film.max_megapixels ({most_megapixels})"
        )
    stream.codec_context.options["max_pixels"] = str(most_megapixels * 1_000_000)


def _first_frame(path: Path, container: InputContainer, stream: VideoStream) -> VideoFrame:
    stream.thread_type = "SLICE"
    for frame, _ in decode_pictures(container, stream):
        return frame
    refuse_cut_mp4(path)
    raise MediaError(f"{path.name}: not one frame of it can be decoded")


def _rate(stream: VideoStream) -> Fraction:
    """Frames per second; of a silent DV file libav counts the ticks."""
    average, base = stream.average_rate, stream.base_rate
    if average and base and average > 2 * base:
        average = None
    return average or stream.guessed_rate or Fraction(25)


def _field_order(stream: VideoStream, frame: VideoFrame) -> int:
    """As the decoder knows it, else what is usual: in SD the bottom field is first in DV only, which has no other."""
    if stream.codec_context.field_order > _PROGRESSIVE:
        return stream.codec_context.field_order
    if not frame.interlaced_frame:
        return _PROGRESSIVE
    return _BOTTOM_FIRST if stream.codec_context.codec.canonical_name == "dvvideo" else _TOP_FIRST


def _promised(container: InputContainer, stream: VideoStream, rate: Fraction) -> Fraction:
    """Seconds that the header promises: libav shortens those of a cut-off AVI, but not its number of frames."""
    if container.format.name not in _PROMISING:
        return Fraction(0)
    counted = stream.frames / rate if container.format.name == "avi" else Fraction(0)
    return max(_told_length(container), counted)


def _told_length(container: InputContainer) -> Fraction:
    """Seconds that the container says, from its first timestamp on."""
    before = (container.start_time or 0) if container.format.name in _COUNTING_FROM_ZERO else 0
    return max(Fraction(0), Fraction((container.duration or 0) - before, av.time_base))


def _coding(path: Path, stream: VideoStream, frame: VideoFrame) -> Coding:
    pixels = frame.format
    codec = stream.codec_context.codec.canonical_name
    grey = pixels.name.startswith(("gray", "ya")) and codec not in _LIMITED_BY_DEFAULT
    if stream.codec_context.codec_tag in {"dvh1", "dvhe"} or SideData.DOVI_METADATA in frame.side_data:
        raise UnsupportedError(f"{path.name}: Dolby Vision films are not coloured")
    try:
        tags = complete_tags(frame, frame.height, full=grey or pixels.name.startswith("yuvj"))
    except UnsupportedError as error:
        raise UnsupportedError(f"{path.name}: {error}") from error
    return Coding(depth=depth_of(pixels), tags=tags)


def _explain_unreadable(path: Path) -> MediaError:
    refuse_cut_mp4(path)
    return MediaError(f"{path.name}: the film's index (moov) is damaged") if is_mp4(path) else _unknown(path)


def _unknown(path: Path) -> UnsupportedError:
    return UnsupportedError(f"{path.name}: neither a photograph nor a film that tintd knows")
