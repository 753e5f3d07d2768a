"""Short films made by program: a pan over a photograph, with as many sound tracks as wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from av.audio.stream import AudioStream
from numpy.typing import NDArray


@dataclass(frozen=True)
class Film:
    """What a film is to be."""

    frames: int = 20
    width: int = 96
    height: int = 64
    codec: str = "libx264"
    pixels: str = "yuv420p"
    rate: int = 25
    pts: tuple[int, ...] = ()
    """In ninetieths of a millisecond; at the rate where it is empty."""
    sounds: tuple[str, ...] = ()
    """An audio codec for each track."""
    options: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    """Attributes of the codec context."""
    metadata: dict[str, str] = field(default_factory=dict)
    grain: int = 0
    shot_frames: int = 0
    """Number of frames of a shot; every other shot is a negative. 0: there is one shot."""
    rounds: int = 1
    """How often the frames are shown; they are encoded once."""


ENDLESS = Film(frames=500, width=320, height=240, options={"preset": "ultrafast", "crf": "40"}, rounds=12)
"""A film that no machine has coloured before a test has done something to it."""
LONG = Film(frames=400, width=320, height=240, options={"preset": "ultrafast"})
"""A film that takes some seconds: long enough for what a test does at once when it is being coloured."""


_WRITTEN: dict[tuple[str, str], bytes] = {}
"""Films that have been written, by suffix and description: many tests use the same ones."""


def write_film(path: Path, film: Film = Film()) -> Path:
    """Write a film in the container that the name says."""
    known = path.suffix, repr(film)
    if known in _WRITTEN:
        path.write_bytes(_WRITTEN[known])
    else:
        _encode(path, film)
        if film.rounds > 1:
            _repeat(path, film)
        _WRITTEN[known] = path.read_bytes()
    return path


def _encode(path: Path, film: Film) -> None:
    with av.open(str(path), "w") as container:
        container.metadata.update(film.metadata)
        stream = container.add_stream(film.codec, rate=film.rate, options=dict(film.options))
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, film.pixels
        time_base = Fraction(1, 90_000 if film.pts else film.rate)
        stream.codec_context.time_base = time_base
        for name, value in film.settings.items():
            setattr(stream.codec_context, name, value)
        tracks = [container.add_stream(codec, rate=48_000, bit_rate=96_000) for codec in film.sounds]
        for number in range(film.frames):
            frame = to_frame(luma(film, number), film.pixels)
            frame.pts = film.pts[number] if film.pts else number
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for pitch, track in enumerate(tracks, start=1):
            write_sound(container, track, film.frames / film.rate, 220 * pitch)


def _repeat(path: Path, film: Film) -> None:
    """Have the frames of a film without sound shown again and again."""
    once = path.rename(path.with_name(f"once-{path.name}"))
    with av.open(str(once)) as source, av.open(str(path), "w") as container:
        [picture] = source.streams.video
        stream = container.add_stream_from_template(picture, opaque=True)
        packets = [packet for packet in source.demux(picture) if packet.size]
        for number in range(film.rounds):
            for packet in packets:
                copy = av.Packet(bytes(packet))
                later = int(number * film.frames / film.rate / packet.time_base)
                copy.pts, copy.dts = packet.pts + later, packet.dts + later
                copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, stream
                container.mux(copy)
    once.unlink()


def luma(film: Film, number: int) -> NDArray[np.uint16]:
    """The luma of a frame in 16 bits, limited range."""
    picture = photograph()
    top, left = (5 * number) % (512 - film.height), (3 * number) % (512 - film.width)
    view = picture[top : top + film.height, left : left + film.width].astype(np.int64) * 256
    if film.shot_frames and number // film.shot_frames % 2:
        view = 255 * 256 - view
    if film.grain:
        view = view + np.random.default_rng(number).normal(0, film.grain * 256, view.shape).astype(np.int64)
    limited: NDArray[np.uint16] = (16 * 256 + view.clip(0, 65_535) * 219 // 255).astype(np.uint16)
    return limited


@cache
def photograph() -> NDArray[np.uint8]:
    """A man with a camera, 512 x 512."""
    picture: NDArray[np.uint8] = skimage.data.camera()
    return picture


def to_frame(samples: NDArray[np.uint16], pixels: str) -> av.VideoFrame:
    """A frame whose first plane holds the luma at the format's depth, and whose chroma says grey."""
    height, width = samples.shape
    frame = av.VideoFrame(width, height, pixels)
    if frame.format.is_rgb:
        grey = np.repeat((samples >> 8).astype(np.uint8)[..., None], 3, axis=2)
        return av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels)
    if len(frame.planes) < 3 <= len(frame.format.components):
        return to_frame(samples, "yuv422p").reformat(format=pixels)
    depth = frame.format.components[0].bits
    kind = np.uint8 if depth == 8 else np.uint16
    for index, plane in enumerate(frame.planes):
        rows = np.frombuffer(plane, kind).reshape(plane.height, plane.line_size // np.dtype(kind).itemsize)
        wanted = samples >> (16 - depth) if index == 0 else 1 << (depth - 1)
        rows[:, : plane.width] = wanted
    return frame


def write_sound(container: av.container.OutputContainer, track: AudioStream, seconds: float, pitch: int) -> None:
    """Write a tone into a track."""
    size, total = 1024, int(seconds * 48_000)
    context = track.codec_context
    resampler = av.AudioResampler(context.format, context.layout, 48_000)
    for start in range(0, total, size):
        wave = np.sin(np.arange(start, start + size) * (2 * np.pi * pitch / 48_000)).astype(np.float32) * 0.2
        frame = av.AudioFrame.from_ndarray(np.stack((wave, wave)), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, start, Fraction(1, 48_000)
        for ready in resampler.resample(frame):
            container.mux(track.encode(ready))
    container.mux(track.encode(None))
