"""Which encoder and container a film's result has, chosen so that every frame fits before one is encoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

from av.codec.context import Flags
from av.container import OutputContainer
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from colorizer.footage import Footage, is_coloured_light
from colorizer.settings import FilmSettings

_X265_LEAST = 64
"""libx265 needs even sides of at least a coding tree unit: on 34 x 32 and on odd sizes it corrupts the heap."""

_NAMES = {"libx264": "H.264", "libx265": "HEVC", "ffv1": "FFV1"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a film's picture is encoded."""

    codec: str
    """libav's name of the encoder."""
    pixels: str
    """Pixel format of the result: planar Y'CbCr."""
    depth: int
    options: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """Where the result differs from the original."""

    @property
    def subsampling(self) -> tuple[int, int]:
        """How many luma samples share a chroma sample, down and across."""
        return {"420": (2, 2), "422": (1, 2), "444": (1, 1), "440": (2, 1), "411": (1, 4), "410": (4, 4)}[
            self.pixels[3:6]
        ]


def choose_encoding(footage: Footage, settings: FilmSettings) -> Encoding:
    """Choose the encoder for a film's frames."""
    width, height, depth = footage.width, footage.height, footage.coding.depth
    codec = _codec(settings, depth, width, height)
    chroma = _chroma(footage, codec, width, height)
    reached = _reached_depth(codec, depth)
    notes = []
    if reached != depth:
        notes.append(f"{depth} bits a sample became {reached}: {_NAMES[codec]} has no {depth}")
    if settings.encoder == "auto" and codec == "libx264" and depth == 10:
        notes.append(f"H.264 instead of HEVC: libx265 cannot encode {width} x {height}")
    if is_coloured_light(VideoFormat(footage.pixels)):
        notes.append("R'G'B' became Y'CbCr: its luma was computed once")
    return Encoding(
        codec=codec,
        pixels=f"yuv{chroma}p" + ("" if reached == 8 else f"{reached}le"),
        depth=reached,
        options=_options(codec, settings),
        notes=tuple(notes),
    )


def add_picture(container: OutputContainer, encoding: Encoding, footage: Footage, width: int) -> VideoStream:
    """Add a stream with an encoder to a container; the encoder counts time in the original's time base."""
    added = container.add_stream(encoding.codec, rate=footage.rate, options=encoding.options)
    stream = cast("VideoStream", added)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = width, footage.height, encoding.pixels
    context.time_base = footage.time_base
    context.sample_aspect_ratio = footage.shape or Fraction(0, 1)
    tags = footage.coding.tags
    context.colorspace, context.color_primaries = tags.matrix, tags.primaries
    context.color_trc, context.color_range = tags.transfer, tags.range
    context.flags |= Flags.global_header | Flags.frame_duration
    context.thread_type = "AUTO"
    return stream


def _codec(settings: FilmSettings, depth: int, width: int, height: int) -> str:
    wanted = settings.encoder
    if wanted == "auto":
        wanted = "h264" if depth == 8 else "hevc" if depth <= 10 else "ffv1"
    if wanted == "hevc" and (min(width, height) < _X265_LEAST or width % 2 or height % 2):
        wanted = "h264"
    return {"h264": "libx264", "hevc": "libx265", "ffv1": "ffv1"}[wanted]


def _reached_depth(codec: str, depth: int) -> int:
    if codec == "ffv1":
        return depth
    return 8 if depth == 8 else 10


def _chroma(footage: Footage, codec: str, width: int, height: int) -> str:
    """What every player shows is 4:2:0; odd sizes have no 4:2:0; an archive keeps the original's."""
    if codec == "ffv1":
        name = footage.pixels.removeprefix("yuvj").removeprefix("yuva").removeprefix("yuv")
        return name[:3] if name[:3] in {"420", "422", "444"} else "444"
    return "444" if width % 2 or height % 2 else "420"


def _options(codec: str, settings: FilmSettings) -> dict[str, str]:
    if codec == "ffv1":
        return {"level": "3", "slicecrc": "1", "slices": "4", "g": "1"}
    options = {"crf": str(settings.quality), "preset": settings.speed}
    return options | ({"x265-params": "log-level=error"} if codec == "libx265" else {})
