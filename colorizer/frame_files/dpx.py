"""DPX (SMPTE ST 268-1): the samples by libav's encoder, behind the header of the original."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.video.frame import VideoFrame

from colorizer.frame_files.coloured_frame import ColouredFrame, Samples, UnreadableFrameError

_BIG, _LITTLE = b"SDPX", b"XPDS"
_FORMATS = {
    (8, 3): ("rgb24", "rgb24"),
    (8, 4): ("rgba", "rgba"),
    (10, 3): ("gbrp10le", "gbrp10be"),
    (12, 3): ("gbrp12le", "gbrp12be"),
    (16, 3): ("rgb48le", "rgb48be"),
    (16, 4): ("rgba64le", "rgba64be"),
}
"""libav's pixel formats by depth and number of samples, in both orders of bytes."""
_LEAST_HEADER = 820
"""Bytes of a header up to the end of its first image element, which libav needs."""
_OFFSET, _FILE_SIZE, _ELEMENTS, _CODES, _ELEMENT = 4, 16, 770, 784, 800
"""Places in the header: fields 2, 5, 19 (followed by width and height), 21.2 and 21.6."""
_RGB, _RGBA = 50, 51
"""Codes of the descriptor (field 21.6)."""
_FILLED = 1
"""Packing of 10 and 12 bits into words with unused bits at their end (field 21.10, method A)."""


def write_dpx(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame.

    The fields of the original's header stay what they are, user data included: only those of the samples change.

    Args:
        frame: what is written.
        target: the file.

    Returns:
        What the result does not keep, for the report.

    Raises:
        UnreadableFrameError: the original's header is damaged.
        MediaError: the result is.
        OSError: a file cannot be read or written.

    """
    depth = next(depth for depth in (8, 10, 12, 16) if depth >= frame.depth)
    samples = frame.samples(depth, with_alpha=(depth, 4) in _FORMATS)
    header = _read_header(frame.original)
    order: Literal["little", "big"] = "little" if header.startswith(_LITTLE) else "big"
    pixels = _FORMATS[depth, samples.shape[2]][order == "big"]
    encoded = _encode(samples, pixels)
    begin = int.from_bytes(encoded[_OFFSET : _OFFSET + 4], "little" if encoded.startswith(_LITTLE) else "big")
    content = _true_header(header, samples, depth, len(encoded) - begin) + encoded[begin:]
    frame.check(_decode(content), samples)
    target.write_bytes(content)
    return tuple(_losses(frame, header, samples, order))


def _read_header(path: Path) -> bytes:
    """All that comes before the samples."""
    with path.open("rb") as file:
        begin = file.read(8)
        order: Literal["little", "big"] = "little" if begin.startswith(_LITTLE) else "big"
        offset = int.from_bytes(begin[_OFFSET:], order)
        file.seek(0)
        header = file.read(offset) if _LEAST_HEADER <= offset <= path.stat().st_size else b""
    if not header.startswith((_BIG, _LITTLE)):
        raise UnreadableFrameError(f"{path.name}: the header of this DPX is damaged")
    return header


def _true_header(header: bytes, samples: Samples, depth: int, size: int) -> bytes:
    """The original's header with what is true of the coloured samples."""
    order = "<" if header.startswith(_LITTLE) else ">"
    changed = bytearray(header)
    struct.pack_into(f"{order}I", changed, _FILE_SIZE, len(header) + size)
    struct.pack_into(f"{order}HII", changed, _ELEMENTS, 1, samples.shape[1], samples.shape[0])
    packing = _FILLED if depth in {10, 12} else 0
    descriptor = _RGB if samples.shape[2] == 3 else _RGBA
    struct.pack_into(f"{order}B", changed, _ELEMENT, descriptor)
    struct.pack_into(f"{order}BHHIII", changed, _ELEMENT + 3, depth, packing, 0, len(header), 0, 0)
    if header[_ELEMENT + 3] != depth:  # the codes of black and white are those of another depth
        struct.pack_into(f"{order}I", changed, _CODES, 0)
        struct.pack_into(f"{order}I", changed, _CODES + 8, (1 << depth) - 1)
    return bytes(changed)


def _losses(frame: ColouredFrame, header: bytes, samples: Samples, order: Literal["little", "big"]) -> Iterator[str]:
    if frame.alpha is not None and samples.shape[2] == 3:
        yield "transparency left out: libav writes none in DPX of this depth"
    if int.from_bytes(header[_ELEMENTS : _ELEMENTS + 2], order) > 1:
        yield "image elements of the DPX other than the first left out"
    if header[_ELEMENT + 3] > 16:
        yield f"{header[_ELEMENT + 3]} bits a sample became 16"


def _encode(samples: Samples, pixels: str) -> bytes:
    picture = VideoFrame.from_ndarray(samples, format=pixels)
    picture.pts = 0
    context = av.CodecContext.create("dpx", "w")
    context.width, context.height, context.pix_fmt = picture.width, picture.height, pixels
    context.framerate = Fraction(25)  # it wants one, and writes none
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


def _decode(content: bytes) -> Samples:
    with av.open(io.BytesIO(content), "r", format="dpx_pipe") as file:
        return next(file.decode(video=0)).to_ndarray()
