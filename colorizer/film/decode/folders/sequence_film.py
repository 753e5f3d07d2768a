"""A sequence of numbered frames as libav reads it: as the samples of a QuickTime film, whose index is made here.

So a sequence has what a film has: times, an index to seek in, and decoders that work on several frames at once. The
demuxer of libav for numbered files (image2) ends at the first gap in the numbers.

The index is that of ISO/IEC 14496-12, chapter 8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate, groupby, pairwise
from pathlib import Path

from colorizer.errors import MediaError
from colorizer.film.decode.folders.joined_file import JoinedFile, Piece
from colorizer.film.decode.folders.tiff_frames import (
    ADVICE,
    SUFFIXES,
    TiffFrames,
    check_tiff_frames,
    is_floating,
    room_of,
)
from colorizer.frame_sequence import FrameSequence, read_sequence

USUAL_RATE = Fraction(24)
"""Frames per second of a sequence of which nobody has said it."""
_CODECS = {".dpx": b"dpx ", ".tif": b"tiff", ".tiff": b"tiff", ".png": b"png ", ".exr": b"exr "}
"""libav's codes of the formats of frames in a QuickTime film, by the suffix."""
_TRANSFER_PLACE = 801
"""Where a DPX header has the code of its transfer characteristic (SMPTE ST 268-1, field 25.9)."""
_UNDEFINED = frozenset({0, 255})
"""Codes of a transfer characteristic, and of a colorimetry, that say nothing."""
_LINEAR, _LOGS = 2, {1: "printing density", 3: "logarithmic"}
"""Codes of the transfer characteristic."""
_LONG = 16
"""Bytes of the head of a box whose size has 64 bits."""
_MATRIX = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
"""No turn, in 16.16 and 2.30 bits."""


def open_sequence(path: Path, rate: Fraction) -> JoinedFile:
    """Read a sequence as one file.

    A frame is shown until the next one, so that a gap in the numbers keeps its time.

    Args:
        path: that of the sequence.
        rate: frames per second.

    Raises:
        MediaError: it has no frames, or more numbers are missing than are there.
        OSError: its folder cannot be read.

    """
    sequence = read_sequence(path)
    if not sequence.frames:
        raise MediaError(f"{path.name}: the frames of this sequence are gone")
    if sequence.missing > len(sequence.frames):
        raise MediaError(
            f"{path.name}: {len(sequence.frames)} frames, and {sequence.missing} numbers between them are missing: "
            "these are not the frames of a film, or too few of them are here"
        )
    frames = sequence.frames
    if path.suffix.lower() in SUFFIXES:
        room = room_of(frames)
        return TiffFrames(str(path), _header(sequence, rate, room), frames, room)
    return JoinedFile(str(path), _header(sequence, rate, 0), [Piece(frame.path, frame.size) for frame in frames])


def decoder_options(path: Path) -> dict[str, str]:
    """Options for libav's decoder of the frames: linear light of EXR gets the curve of sRGB."""
    return {"apply_trc": "iec61966_2_1"} if path.suffix.lower() == ".exr" else {}


def describe_transfer(frame: Path, *, again: bool = False) -> Iterator[str]:
    """What a frame declares of its light that the result does not say, for the report.

    Args:
        frame: one of the sequence.
        again: whether the result is a folder of frames, which declare the same.

    """
    code = _transfer(frame)
    if frame.suffix.lower() == ".exr":
        if not again:
            yield "linear light became 16 bits with the curve of sRGB: what is brighter than 1 is white"
    elif frame.suffix.lower() in SUFFIXES and is_floating(frame):
        yield "floating point became 16 bits: what is brighter than 1 is white"
    elif code in _LOGS:
        yield f"the frames declare {_LOGS[code]} (log): their codes stay, and colours are chosen as for a screen"
    elif code == _LINEAR:
        yield "the frames declare linear light, which most programs do without meaning it: taken as video"


def undecoded(path: Path) -> str:
    """What to do about a sequence of which no frame can be decoded; empty where nobody knows."""
    if path.suffix.lower() == ".exr":
        return "; save its frames with R, G and B, or Y, that are in no layer"
    return f"; {ADVICE}" if path.suffix.lower() in SUFFIXES else ""


def check_frames(path: Path, most_megapixels: int) -> None:
    """Check that a sequence has a frame that can be read, before libav takes what it does not know for black.

    Raises:
        UnsupportedError: it has none.

    """
    if path.suffix.lower() in SUFFIXES:
        check_tiff_frames(read_sequence(path).frames, most_megapixels)


def is_density(frame: Path) -> bool:
    """Whether a frame declares that its codes are densities of film."""
    return _transfer(frame) in _LOGS


def _transfer(frame: Path) -> int | None:
    """The code of the transfer characteristic of a DPX; where it is undefined, that of its colorimetry."""
    if frame.suffix.lower() != ".dpx":
        return None
    with frame.open("rb") as file:
        file.seek(_TRANSFER_PLACE)
        transfer, colorimetry = file.read(2).ljust(2, b"\0")
    return colorimetry if transfer in _UNDEFINED and colorimetry in _LOGS else transfer


def _header(sequence: FrameSequence, rate: Fraction, room: int) -> bytes:
    """All that comes before the first frame; its length is known before the places of the frames are."""
    kind = _box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    sizes = [max(frame.size, room) for frame in sequence.frames]
    media = _LONG + sum(sizes)
    begin = len(kind) + len(_movie(sequence, rate, sizes, 0)) + _LONG
    return kind + _movie(sequence, rate, sizes, begin) + struct.pack(">I4sQ", 1, b"mdat", media)


def _movie(sequence: FrameSequence, rate: Fraction, sizes: list[int], begin: int) -> bytes:
    ticks = _durations(sequence, rate)
    length, scale = sum(ticks), rate.numerator
    movie = _full(b"mvhd", 1, struct.pack(">QQIQIH10x", 0, 0, scale, length, 65536, 256), _MATRIX, bytes(24), _u32(2))
    track = _full(b"tkhd", 1, struct.pack(">QQIIQ16x", 0, 0, 1, 0, length), _MATRIX, bytes(8))
    media = _full(b"mdhd", 1, struct.pack(">QQIQHH", 0, 0, scale, length, 0x55C4, 0))
    handler = _full(b"hdlr", 0, bytes(4), b"vide", bytes(13))
    reference = _box(b"dinf", _full(b"dref", 0, _u32(1), struct.pack(">I4sI", 12, b"url ", 1)))
    information = _box(b"minf", _full(b"vmhd", 0, bytes(8)), reference, _samples(sequence, ticks, sizes, begin))
    return _box(b"moov", movie, _box(b"trak", track, _box(b"mdia", media, handler, information)))


def _samples(sequence: FrameSequence, ticks: list[int], sizes: list[int], begin: int) -> bytes:
    """The index: how the frames are coded, how long they are shown, how large they are and where they lie."""
    codec = _CODECS[sequence.path.suffix.lower()]
    entry = _box(codec, struct.pack(">6xH16xHHIIIH32xHh", 1, 0, 0, 72 << 16, 72 << 16, 0, 1, 24, -1))
    runs = [(len(list(run)), tick) for tick, run in groupby(ticks)]
    places = list(accumulate(sizes[:-1], initial=begin))
    return _box(
        b"stbl",
        _full(b"stsd", 0, _u32(1), entry),
        _full(b"stts", 0, _u32(len(runs), *(number for run in runs for number in run))),
        _full(b"stsc", 0, _u32(1, 1, 1, 1)),
        _full(b"stsz", 0, _u32(0, len(sizes), *sizes)),
        _full(b"co64", 0, _u32(len(places)), struct.pack(f">{len(places)}Q", *places)),
    )


def _durations(sequence: FrameSequence, rate: Fraction) -> list[int]:
    """How long each frame is shown, in units of which `rate.numerator` are a second."""
    numbers = [frame.number for frame in sequence.frames]
    return [(after - before) * rate.denominator for before, after in pairwise([*numbers, numbers[-1] + 1])]


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _full(kind: bytes, version: int, *parts: bytes) -> bytes:
    """A box with a version and no flags."""
    return _box(kind, struct.pack(">I", version << 24), *parts)


def _u32(*numbers: int) -> bytes:
    return struct.pack(f">{len(numbers)}I", *numbers)
