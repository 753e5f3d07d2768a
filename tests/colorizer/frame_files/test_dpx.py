"""Tests of colorizer/frame_files/dpx.py."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from colorizer.errors import MediaError
from colorizer.frame_files.coloured_frame import ColouredFrame
from colorizer.frame_files.dpx import write_dpx
from tests.assets.films import Film
from tests.assets.sequences import encoded

USER = b"user data of a scanner" + bytes(100)


def original(path: Path, pixels: str) -> Path:
    """A DPX with the header of a scanner: all of SMPTE 268M's sections, and user data behind them."""
    content = encoded(".dpx", pixels, Film(), 1)
    order = "<" if content.startswith(b"XPDS") else ">"
    begin = struct.unpack_from(f"{order}I", content, 4)[0]
    header = bytearray(content[:begin].ljust(2048, b"\0") + USER)
    struct.pack_into(f"{order}I", header, 4, len(header))
    struct.pack_into(f"{order}I", header, 808, len(header))
    header[160:170] = b"Scanner 5\0"
    header[801:803] = bytes([1, 1])
    struct.pack_into(f"{order}f", header, 1628, 2.0)
    header[1664:1680] = b"0123456789ABCDEF"  # manufacturer, type and offset of the film
    struct.pack_into(f"{order}II", header, 1712, 86400, 90000)
    struct.pack_into(f"{order}II", header, 1920, 0x01020304, 7)
    path.write_bytes(header + content[begin:])
    return path


def frame_of(path: Path, depth: int, *, alpha: bool = False) -> ColouredFrame:
    """A coloured frame."""
    rgb = np.random.default_rng(0).random((64, 96, 3)).astype(np.float32)
    return ColouredFrame(path, rgb, np.full((64, 96), 40000, np.uint16) if alpha else None, depth, "")


@pytest.mark.parametrize(
    ("pixels", "depth", "result"),
    [
        ("gbrp10be", 10, "gbrp10le"),
        ("gbrp10le", 10, "gbrp10le"),
        ("gray", 8, "rgb24"),
        ("gray16be", 16, "rgb48be"),
        ("gray16le", 16, "rgb48le"),
        ("gbrp12be", 12, "gbrp12le"),
    ],
)
def test_the_header_stays_but_for_what_describes_the_samples(
    tmp_path: Path, pixels: str, depth: int, result: str
) -> None:
    """Timecode, film and television data, transfer and user data are the same bytes; libav reads the samples."""
    path, target = original(tmp_path / "a.dpx", pixels), tmp_path / "result.dpx"
    frame = frame_of(path, depth)
    assert write_dpx(frame, target) == ()
    before, after = path.read_bytes(), target.read_bytes()
    changed = {place for place in range(2048 + len(USER)) if before[place] != after[place]}
    described = {*range(16, 20), 770, 771, *range(772, 780), *range(784, 801), *range(803, 820)}
    assert changed <= described
    order = "<" if before.startswith(b"XPDS") else ">"
    assert struct.unpack_from(f"{order}I", after, 16)[0] == len(after)
    assert after[800] == 50
    with av.open(str(target)) as file:
        picture = next(file.decode(video=0))
    assert picture.format.name == result
    assert np.array_equal(picture.to_ndarray(), frame.samples(depth))


def test_alpha_is_kept_or_named(tmp_path: Path) -> None:
    """What libav writes, with 8 and 16 bits, is kept."""
    target = tmp_path / "result.dpx"
    assert write_dpx(frame_of(original(tmp_path / "a.dpx", "rgba64be"), 16, alpha=True), target) == ()
    with av.open(str(target)) as file:
        assert (next(file.decode(video=0)).to_ndarray()[..., 3] == 40000).all()
    notes = write_dpx(frame_of(original(tmp_path / "b.dpx", "gbrp10be"), 10, alpha=True), target)
    assert notes == ("transparency left out: libav writes none in DPX of this depth",)


@pytest.mark.parametrize("content", [b"", b"SDPX", b"SDPX\xff\xff\xff\xff" + bytes(2000), b"TIFF" + bytes(3000)])
def test_a_damaged_header_is_refused(tmp_path: Path, content: bytes) -> None:
    """With a sentence about the file."""
    path = tmp_path / "a.dpx"
    path.write_bytes(content)
    with pytest.raises(MediaError, match=r"a\.dpx: the header of this DPX is damaged"):
        write_dpx(frame_of(path, 8), tmp_path / "result.dpx")
