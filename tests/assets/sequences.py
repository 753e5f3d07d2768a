"""Numbered frames in a folder, as film scanners write them, made by libav's encoders of single pictures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tests.assets.films import Film, luma, to_frame, write_sound

_CODECS = {".dpx": "dpx", ".tif": "tiff", ".tiff": "tiff", ".png": "png", ".exr": "exr"}


def write_frames(
    folder: Path, name: str, numbers: Iterable[int] = range(1, 9), pixels: str = "gray16le", film: Film | None = None
) -> Path:
    """Write the frames of a pan over a photograph.

    Args:
        folder: made where it is missing.
        name: of a file, with a place for the number: `scan.{:04}.tif`.
        numbers: of the frames; a gap in them is one in the pan.
        pixels: the pixel format.
        film: for the size.

    Returns:
        The folder.

    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        path = folder / name.format(number)
        path.write_bytes(encoded(path.suffix, pixels, film or Film(), number))
    return folder


def encoded(suffix: str, pixels: str, film: Film, number: int) -> bytes:
    """One frame, as the content of a file."""
    return _encode(suffix, to_frame(luma(film, number), pixels))


def write_picture(path: Path, frame: VideoFrame) -> None:
    """Write one frame."""
    path.write_bytes(_encode(path.suffix, frame))


def _encode(suffix: str, frame: VideoFrame) -> bytes:
    context = cast("VideoCodecContext", av.CodecContext.create(_CODECS[suffix.lower()], "w"))
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.framerate = 25
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def write_wav(path: Path, seconds: float) -> Path:
    """Write a tone of 24 bits."""
    with av.open(str(path), "w", format="wav") as container:
        write_sound(container, container.add_stream("pcm_s24le", rate=48_000), seconds, 220)
    return path
