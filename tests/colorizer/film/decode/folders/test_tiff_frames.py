"""Tests of colorizer/film/decode/folders/tiff_frames.py: TIFF frames of kinds that libav does not decode."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.folders.sequence_film import describe_transfer
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.decode.probe import probe_film
from tests.assets.pictures import grey

GREY = grey(72, 104)
KINDS: dict[str, tuple[NDArray[Any], dict[str, Any]]] = {
    "tiles": (GREY, {"tile": (64, 64)}),
    "tiles of 16 bits, white is zero": (0xFFFF - GREY.astype(np.uint16) * 257, {"tile": (32, 32), "photometric": 0}),
    "tiles, R'G'B' in planes": (np.stack([GREY] * 3), {"tile": (32, 32), "photometric": 2, "planarconfig": 2}),
    "Zstandard": (GREY, {"compression": "zstd"}),
    "JPEG": (GREY, {"compression": "jpeg", "compressionargs": {"level": 100}}),
    "JPEG, Y'CbCr in tiles": (np.stack([GREY] * 3, -1), {"tile": (32, 32), "compression": "jpeg", "photometric": 2}),
    "BigTIFF": (GREY, {"bigtiff": True}),
    "floating point": ((GREY / 255).astype(np.float32), {}),
    "half floats with predictor": ((GREY / 255).astype(np.float16), {"predictor": 3, "compression": "deflate"}),
}


def lumas(sequence: Path) -> list[NDArray[np.float32]]:
    """The luma of each frame, 0..255."""
    info = probe_film(sequence, 100, "24")
    codes = (luma_codes(frame.picture, info.coding) for frame in read_frames(info))
    return [info.coding.luma(plane).numpy() * 255 for plane in codes]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_tiff_is_read(tmp_path: Path, kind: str) -> None:
    """Breaks: libav shows it as black, as noise, or not at all."""
    samples, options = KINDS[kind]
    for number in range(3):
        tifffile.imwrite(tmp_path / f"{number}.tif", samples, metadata=None, **options)
    found = lumas(tmp_path / "#.tif")
    assert len(found) == 3
    for luma in found:
        assert np.abs(luma - GREY).max() <= (8 if "JPEG" in kind else 1)


def test_each_frame_is_judged_by_itself(tmp_path: Path) -> None:
    """Breaks: the kind of the first one was taken for that of all; a later one in tiles became black."""
    (tmp_path / "0.tif").write_bytes(b"II*\0 damaged")
    tifffile.imwrite(tmp_path / "1.tif", GREY, compression="lzw", metadata=None)
    tifffile.imwrite(tmp_path / "2.tif", GREY, compression="zstd", tile=(32, 32), metadata=None)
    tifffile.imwrite(tmp_path / "3.tif", GREY, metadata=None)
    assert [bool(np.abs(luma - GREY).max() <= 1) for luma in lumas(tmp_path / "#.tif")] == [True] * 3


def test_a_damaged_tile_loses_its_frame(tmp_path: Path) -> None:
    """It is missing, and named in the report; it does not become black."""
    for number in range(3):
        tifffile.imwrite(tmp_path / f"{number}.tif", GREY, compression="zstd", tile=(32, 32), metadata=None)
    content = bytearray((tmp_path / "1.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "1.tif") as file:
        place = file.pages.first.dataoffsets[0]
    content[place : place + 16] = bytes(16)
    (tmp_path / "1.tif").write_bytes(content)
    assert len(lumas(tmp_path / "#.tif")) == 2


def test_what_nothing_reads_is_refused_by_name(tmp_path: Path) -> None:
    """With what to do."""
    for number in range(2):
        tifffile.imwrite(tmp_path / f"{number}.tif", GREY.astype(np.int32), metadata=None)
    with pytest.raises(UnsupportedError, match=r"^0\.tif: samples of 32 bits \(int32\) .*; save the frames in strips"):
        probe_film(tmp_path / "#.tif", 100)


def test_floating_point_is_named(tmp_path: Path) -> None:
    """What is brighter than white is lost."""
    tifffile.imwrite(tmp_path / "1.tif", (GREY / 100).astype(np.float32), metadata=None)
    assert list(describe_transfer(tmp_path / "1.tif")) == [
        "floating point became 16 bits: what is brighter than 1 is white"
    ]


def test_a_damaged_tiff_is_left_to_its_decoder(tmp_path: Path) -> None:
    """Breaks: two compressions in one tag end in an error of Python."""
    path = tmp_path / "1.tif"
    tifffile.imwrite(path, np.zeros((16, 16), np.uint16), metadata=None)
    content = path.read_bytes()
    once = struct.pack("<HHI", 259, 3, 1)
    assert once in content
    path.write_bytes(content.replace(once, struct.pack("<HHI", 259, 3, 2)))
    with pytest.raises(MediaError, match="not one frame of it can be decoded; save the frames"):
        probe_film(tmp_path / "#.tif", 100)
