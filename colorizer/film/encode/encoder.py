"""Which encoder a film's result has: chosen and tried before the first frame is encoded."""

from __future__ import annotations

import io
import os
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import cast

import av
from av.codec import Codec
from av.codec.codec import UnknownCodecError
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from colorizer.errors import SettingsError
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.pixel_format import is_rgb
from colorizer.film.decode.signal import LIMITED_RANGE
from colorizer.film.encode.muxer_check import muxer_accepts
from colorizer.film.encode.presets import FIELD_CODECS, PRESETS, SUBSTITUTES, encoder_options, name_of
from colorizer.processors import has_avx512, leave_real_time
from colorizer.settings import FilmSettings

os.environ.setdefault("SVT_LOG", "1")  # errors only: SVT-AV1 has no option for it

_X265_LEAST = 64
"""libx265 needs even sides of at least a coding tree unit: on 34 x 32 and on odd sizes it corrupts the heap."""
_THREADS = 3
"""Number of threads of an encoder, as libav chooses it on two processors. The number changes the encoded bits, so it is
the same on every machine."""
_PLANAR = re.compile(r"yuv(a?)(4\d\d)p(?:(\d+)le)?")
"""Names of the planar formats, which have a plane for each kind of chroma."""
_SUBSAMPLING = {"420": (2, 2), "422": (1, 2), "444": (1, 1), "440": (2, 1), "411": (1, 4), "410": (4, 4)}
_SEMI_PLANAR = {"p010le": "yuv420p10le"}
"""Formats that NVENC takes instead of planar ones of the same samples; libav converts between them."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a film's picture is encoded."""

    codec: str
    """libav's name of the encoder."""
    pixels: str
    """Pixel format of the result: planar Y'CbCr."""
    options: dict[str, str] = field(default_factory=dict)
    interlaced: bool = False
    """Whether the frames are interlaced, and stay so."""
    notes: tuple[str, ...] = ()
    """Differences of the result from the original."""

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return VideoFormat(self.pixels).components[0].bits

    @property
    def subsampling(self) -> tuple[int, int]:
        """How many luma samples share a chroma sample, down and across."""
        return _SUBSAMPLING[_parts(self.pixels)[1]]


def choose_encoding(info: FilmInfo, settings: FilmSettings) -> Encoding:
    """Choose the encoder for a film's frames.

    Raises:
        SettingsError: the configured one does not exist, or cannot do what it is asked for.

    """
    wanted = PRESETS.get(settings.encoder, settings.encoder)
    if wanted == "auto":
        wanted = _usual(info)
    interlaced = info.interlaced and settings.interlaced == "keep" and wanted in FIELD_CODECS
    for codec in (wanted, *SUBSTITUTES.get(wanted, ())):
        options = encoder_options(codec, settings) | (settings.options if codec == wanted else {})
        encoding = Encoding(codec, _choose_pixels(codec, info), options, interlaced)
        if _opens(encoding, info):
            notes = _notes(encoding, info, wanted, settings)
            return Encoding(codec, encoding.pixels, options, interlaced, notes)
    raise SettingsError(
        f"film.encoder: {wanted} with the options {settings.options or 'of its preset'} "
        f"cannot encode {info.width} x {info.height} as {_choose_pixels(wanted, info)}"
    )


def in_range_of(encoding: Encoding, info: FilmInfo) -> FilmInfo:
    """The film in the range of samples that the encoder has: players take all ProRes for limited range."""
    if not _is_narrowed(encoding, info):
        return info
    tags = replace(info.coding.tags, range=LIMITED_RANGE)
    return replace(info, coding=replace(info.coding, tags=tags), narrowed=True)


def _is_narrowed(encoding: Encoding, info: FilmInfo) -> bool:
    simple = info.pixels.startswith("gray") or is_rgb(VideoFormat(info.pixels))
    return encoding.codec.startswith("prores") and info.coding.full and simple and not info.alpha


def add_picture(container: OutputContainer, encoding: Encoding, info: FilmInfo, width: int) -> VideoStream:
    """Add a stream with an encoder to a container; the encoder counts time in the original's time base."""
    added = container.add_stream(encoding.codec, rate=info.shown_rate, options=_options(encoding))
    stream = cast("VideoStream", added)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = width, info.height, _taken(encoding)
    context.time_base = info.time_base
    context.sample_aspect_ratio = info.shape or Fraction(0, 1)
    tags = info.coding.tags
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    context.flags |= Flags.global_header | Flags.frame_duration
    if encoding.interlaced:
        context.flags |= Flags.interlaced_dct | Flags.interlaced_me
        context.field_order = info.field_order
    context.thread_type, context.thread_count = "AUTO", _threads(encoding.codec, info.height)
    return stream


def keeps_captions(codec: str) -> bool:
    """Whether an encoder writes the closed captions (A53) of its frames."""
    return any(option.name == "a53cc" for option in Codec(codec, "w").create("video").supported_options.private)


def holds_codec(container: str, encoding: Encoding) -> bool:
    """Whether a kind of container (libav's name of its muxer) takes what an encoder makes."""

    def add(trial: OutputContainer) -> None:
        stream = cast("VideoStream", trial.add_stream(encoding.codec, rate=25, options=dict(encoding.options)))
        stream.width, stream.height, stream.pix_fmt = 256, 256, _taken(encoding)

    return muxer_accepts(container, add)


def _threads(codec: str, height: int) -> int:
    """Return the number of threads; x264 itself has at most one for each two rows of macroblocks."""
    return min(_THREADS, max(1, (height + 15) // 16 // 2)) if codec.startswith("libx264") else _THREADS


def _options(encoding: Encoding) -> dict[str, str]:
    """Return the options of the encoder, with those that make its output deterministic; the user's own go before them.

    x265 ignores libav's number of threads. The AVX-512 code of x264 for mbtree reads past the end of a row of
    macroblocks, so that the bits depend on what the memory held before.
    """
    match encoding.codec:
        case "libx265":
            name, fixed = "x265-params", "frame-threads=1"
        case "libx264" if has_avx512():
            name, fixed = "x264-params", "asm=avx2"
        case _:
            return dict(encoding.options)
    own = encoding.options.get(name)
    return {**encoding.options, name: fixed + (f":{own}" if own else "")}


def _usual(info: FilmInfo) -> str:
    """FFV1 where nothing may be lost: lossless films, transparent ones, and depths that players seldom show."""
    if info.lossless or info.alpha or info.coding.depth > 10:
        return "ffv1"
    return "libx264" if info.coding.depth == 8 else "libx265"


def _choose_pixels(codec: str, info: FilmInfo) -> str:
    """The nearest to the original's of the formats that an encoder takes: first by depth, then by chroma."""
    offered = [name for name in _formats(codec) if _PLANAR.fullmatch(name)]
    if not offered:
        raise SettingsError(f"film.encoder: {codec} takes no planar Y'CbCr")
    order = _chroma_order(codec, info)

    def distance(name: str) -> tuple[bool, bool, int, int]:
        alpha, chroma, bits = _parts(name)
        beyond = abs(bits - info.coding.depth)
        rank = order.index(chroma) if chroma in order else len(order)
        return bool(alpha) != info.alpha, bits < info.coding.depth, beyond, rank

    return min(offered, key=distance)


def _formats(codec: str) -> list[str]:
    try:
        encoder = Codec(codec, "w")
    except UnknownCodecError as error:
        raise SettingsError(f"film.encoder: libav has no encoder {codec}") from error
    if encoder.type != "video":
        raise SettingsError(f"film.encoder: {codec} encodes no pictures")
    return [_SEMI_PLANAR.get(pixels.name, pixels.name) for pixels in encoder.video_formats or ()]


def _chroma_order(codec: str, info: FilmInfo) -> tuple[str, ...]:
    """Every player shows 4:2:0; odd sizes have no 4:2:0; lossless encoders keep the original's."""
    encoder, own = Codec(codec, "w"), _chroma_of(VideoFormat(info.pixels))
    if encoder.lossless and not encoder.lossy:
        return (own, "444", "422", "420")
    if codec.startswith("prores"):
        coloured = own == "444" and not info.pixels.startswith("gray")
        return ("444", "422") if info.alpha or coloured else ("422", "444")
    if info.width % 2 or info.height % 2:
        return ("444", "422", "420")
    return ("420", "422", "444")


def _chroma_of(pixels: VideoFormat) -> str:
    """How a format's chroma is subsampled; for one without chroma, every pixel gets its own."""
    shared = (4 // pixels.chroma_height(4), 4 // pixels.chroma_width(4))
    return next(name for name, subsampling in _SUBSAMPLING.items() if subsampling == shared)


@cache
def _parts(pixels: str) -> tuple[str, str, int]:
    """Alpha (`a` or nothing), chroma and depth of a planar format."""
    found = _PLANAR.fullmatch(pixels)
    if found is None:
        raise ValueError(f"{pixels} is no planar Y'CbCr")
    return found[1], found[2], int(found[3] or 8)


def _taken(encoding: Encoding) -> str:
    """The format in which the encoder takes the frames."""
    taken = [pixels.name for pixels in Codec(encoding.codec, "w").video_formats or ()]
    equivalent = [name for name in taken if _SEMI_PLANAR.get(name) == encoding.pixels]
    return encoding.pixels if encoding.pixels in taken or not equivalent else equivalent[0]


def _opens(encoding: Encoding, info: FilmInfo) -> bool:
    """Whether the encoder takes such frames with such options, on this machine."""
    width, height = info.width, info.height
    if encoding.codec == "libx265" and (min(width, height) < _X265_LEAST or width % 2 or height % 2):
        return False
    try:
        with av.open(io.BytesIO(), "w", format="matroska") as container:
            context = add_picture(container, encoding, info, width).codec_context
            context.open()
            leave_real_time()
            unknown = encoding.options.keys() & context.options.keys()
    except (av.error.FFmpegError, ValueError):
        return False
    if unknown:
        raise SettingsError(f"film.options: {encoding.codec} knows no option {', '.join(sorted(unknown))}")
    return True


def _notes(encoding: Encoding, info: FilmInfo, wanted: str, settings: FilmSettings) -> tuple[str, ...]:
    name, depth, notes = name_of(encoding.codec), info.coding.depth, []
    if encoding.codec != wanted:
        here = "not on this machine" if wanted.endswith("_nvenc") else f"not for {info.width} x {info.height}"
        notes.append(f"{name} instead of {name_of(wanted)}, which is {here}")
    if encoding.depth != depth:
        notes.append(f"{depth} bits a sample became {encoding.depth}: {name} has no {depth}")
    if _is_narrowed(encoding, info) and info.pixels.startswith("gray"):
        notes.append("full range became limited range: ProRes has no other")
    if is_rgb(VideoFormat(info.pixels)):
        notes.append("R'G'B' became Y'CbCr: its luma was computed once")
    if info.alpha and not _parts(encoding.pixels)[0]:
        notes.append(f"transparency left out: {name} has none")
    if info.hidden_alpha and not info.alpha:
        notes.append(f"transparency left out: libav's own decoder of {info.codec.upper()} sees none")
    if info.interlaced and settings.interlaced == "keep":
        kept = "kept interlaced" if encoding.interlaced else f"not kept interlaced: {name} has no fields"
        notes.append(kept)
    return tuple(notes)
