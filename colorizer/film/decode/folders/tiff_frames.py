"""TIFF frames that libav decodes as black or not at all (tiles, JPEG, floating point, BigTIFF), as it decodes them.

tifffile and imagecodecs decode such a frame, and libav gets its samples in strips, not compressed. Each frame is judged
by itself. All others are given to libav as they are.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from colorizer.errors import UnsupportedError
from colorizer.film.decode.folders.joined_file import JoinedFile, Piece
from colorizer.frame_sequence import FrameFile

SUFFIXES = frozenset({".tif", ".tiff"})
ADVICE = "save the frames in strips of 8 or 16 bits, not compressed or with LZW or Deflate"
_DECODED = frozenset({1, 2, 3, 4, 5, 8, 32773, 32946})
"""Compressions of TIFF that libav decodes."""
_UNSIGNED = 1
"""SampleFormat of whole numbers that are not negative."""
_WHITE_IS_ZERO, _RGB, _YCBCR = 0, 2, 6
_MEANINGS = frozenset({_WHITE_IS_ZERO, 1, _RGB, _YCBCR})
"""PhotometricInterpretation of grey, R'G'B' and JPEG's Y'CbCr."""
_HEAD = 4096
"""Bytes of a TIFF beside its samples."""


logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it warns of damage, which is told as a lost frame


class TiffFrames(JoinedFile):
    """A sequence of TIFF frames behind a header."""

    def __init__(self, name: str, header: bytes, frames: Sequence[FrameFile], room: int) -> None:
        """Prepare; each frame has at least so many bytes, of which the last are zeros."""
        super().__init__(name, header, [Piece(frame.path, max(frame.size, room)) for frame in frames])
        self._number, self._content = -1, b""

    def _read_file(self, number: int, offset: int, size: int) -> bytes:
        if number != self._number:
            piece = self._files[number]
            self._number, self._content = number, _as_decoded(piece.path, piece.size)
        return self._content[offset : offset + size]


def room_of(frames: Iterable[FrameFile]) -> int:
    """Bytes that a frame needs at most when its samples are not compressed, by the first one whose header is whole."""
    for frame in frames:
        try:
            with tifffile.TiffFile(frame.path) as file:
                return _HEAD + _samples_of(file.pages.first)
        except Exception:  # noqa: BLE001, S112 (tifffile may raise anything at a damaged file)
            continue
    return 0


def check_tiff_frames(frames: Iterable[FrameFile], most_megapixels: int) -> None:
    """Check that a frame of a sequence can be read; those after it are not looked at.

    Raises:
        UnsupportedError: none can; the message is about the first.

    """
    reason: UnsupportedError | None = None
    for frame in frames:
        try:
            with tifffile.TiffFile(frame.path) as file:
                page = file.pages.first
                if _is_decoded(file, page) or page.imagewidth * page.imagelength > most_megapixels * 1_000_000:
                    return  # libav says what is wrong, or the check of its size
                _decoded(page)
        except UnsupportedError as error:
            reason = reason or UnsupportedError(f"{frame.name}: {error}; {ADVICE}")
        except Exception:  # noqa: BLE001, S112 (tifffile may raise anything at a damaged file)
            continue
        else:
            return
    if reason is not None:
        raise reason


def is_floating(frame: Path) -> bool:
    """Whether the samples of a frame are in floating point."""
    try:
        with tifffile.TiffFile(frame) as file:
            return file.pages.first.sampleformat == tifffile.SAMPLEFORMAT.IEEEFP
    except Exception:  # noqa: BLE001 (tifffile may raise anything at a damaged file)
        return False


def _as_decoded(frame: Path, most: int) -> bytes:
    """A frame as libav decodes it, at most so many bytes; nothing where it cannot be read."""
    try:
        with tifffile.TiffFile(frame) as file:
            page = file.pages.first
            if not _is_decoded(file, page):
                return _written(_decoded(page)) if _samples_of(page) < most else b""
    except (OSError, UnsupportedError):
        return b""
    except Exception:  # noqa: BLE001, S110 (tifffile may raise anything at a damaged file: its decoder finds the damage)
        pass
    return frame.read_bytes()


def _is_decoded(file: tifffile.TiffFile, page: Any) -> bool:  # noqa: ANN401 (a page, or a frame of a series)
    is_plain = not (file.is_bigtiff or page.is_tiled) and int(page.compression) in _DECODED
    return is_plain and page.sampleformat == _UNSIGNED


def _samples_of(page: Any) -> int:  # noqa: ANN401
    """Bytes of the samples as libav gets them."""
    return int(page.imagewidth) * int(page.imagelength) * int(page.samplesperpixel) * 2


def _decoded(page: Any) -> NDArray[Any]:  # noqa: ANN401
    """Samples of 8 or 16 bits, black is zero, (H, W) or (H, W, C)."""
    meaning = int(page.photometric)
    if meaning not in _MEANINGS or (meaning == _YCBCR and int(page.compression) != tifffile.COMPRESSION.JPEG):
        raise UnsupportedError(f"a frame in {_name(page.photometric)} is not read here")
    try:
        samples: NDArray[Any] = page.asarray(maxworkers=1)
    except Exception as error:
        kind = "in tiles" if page.is_tiled else f"with compression {_name(page.compression)}"
        raise UnsupportedError(f"a TIFF {kind} that is damaged, or that nothing here decodes") from error
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3:
        samples = np.moveaxis(samples, 0, -1)
    samples = _in_sixteen_bits(samples, page.bitspersample)
    return np.iinfo(samples.dtype).max - samples if meaning == _WHITE_IS_ZERO else samples


def _in_sixteen_bits(samples: NDArray[Any], bits: int) -> NDArray[Any]:
    """Samples of at most 16 bits; of floating point, 0 is black and 1 is white."""
    if samples.dtype.kind == "f":
        whole = np.nan_to_num(samples.astype(np.float64)).clip(0, 1) * 65535
        return (whole + 0.5).astype(np.uint16)
    if samples.dtype.kind not in "bu" or bits > 16:
        raise UnsupportedError(f"samples of {bits} bits ({samples.dtype}) are not read here")
    if bits in {8, 16}:
        return samples
    deepest, full = (1 << bits) - 1, 255 if bits < 8 else 65535
    return (samples.astype(np.uint32) * full // deepest).astype(np.uint8 if bits < 8 else np.uint16)


def _written(samples: NDArray[Any]) -> bytes:
    colours = samples.shape[2] if samples.ndim == 3 else 1
    extra = ["unassalpha"] if colours in {2, 4} else None
    meaning = "rgb" if colours >= 3 else "minisblack"
    content = io.BytesIO()
    tifffile.imwrite(content, samples, photometric=meaning, extrasamples=extra, metadata=None, planarconfig="contig")
    return content.getvalue()


def _name(value: object) -> str:
    return str(getattr(value, "name", value))
