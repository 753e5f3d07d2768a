"""Photographs of kinds that troubled other programs: each is coloured, or refused by its true name."""

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from colorizer.engine import colorize
from colorizer.errors import UnsupportedError
from colorizer.job import Job
from colorizer.photo import batch
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.pictures import grey, write_grey

PNG_HEADER = 33
"""Bytes of a PNG up to the end of its first chunk."""
TURNED = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
"""An EXIF block that says: turn it by 90 degrees."""


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


@pytest.fixture
def coloured(tmp_path: Path, weights: Path) -> Callable[[Path], Report]:
    """Colours a file as `result` beside it."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return lambda source: colorize(Job(source, tmp_path / "result", tmp_path / "work", settings), lambda *_: None)


def refusal(source: Path, coloured: Callable[[Path], Report]) -> str:
    """The sentence with which a file is refused."""
    with pytest.raises(UnsupportedError) as refused:
        coloured(source)
    return str(refused.value)


def test_the_exif_of_a_png_may_lie_behind_its_samples(tmp_path: Path, coloured: Callable[[Path], Report]) -> None:
    """Breaks: libvips sees none there, so that the result was turned, and was taken for another picture."""
    source = write_grey(tmp_path / "a.png")
    content = source.read_bytes()
    source.write_bytes(content[:-12] + chunk(b"eXIf", TURNED) + content[-12:])
    assert coloured(source).notes == ()
    with Image.open(tmp_path / "result") as result:
        assert result.getexif()[274] == 6
        assert np.abs(np.asarray(result.convert("L"), np.int16) - grey()).mean() < 1


@pytest.mark.parametrize("room", [1 << 20, 0], ids=["held", "decoded twice"])
def test_a_damaged_last_line_of_a_jpeg_is_told(
    tmp_path: Path, coloured: Callable[[Path], Report], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Breaks: libvips looks for warnings before each line of blocks, and none comes after the last one."""
    monkeypatch.setattr(batch, "_ROOM", room)
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, quality=90)
    source.write_bytes(source.read_bytes()[:-60] + b"\xff\xd9")
    assert any("parts of the result may be wrong" in note for note in coloured(source).notes)


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_png_of_high_dynamic_range_is_refused(
    tmp_path: Path, coloured: Callable[[Path], Report], transfer: int
) -> None:
    """Breaks: its samples were taken for those of sRGB. What cICP declares to be sRGB is coloured."""
    source = write_grey(tmp_path / "a.png")
    content = source.read_bytes()

    def declare(code: int) -> None:
        tags = chunk(b"cICP", bytes([9, code, 0, 1]))
        source.write_bytes(content[:PNG_HEADER] + tags + content[PNG_HEADER:])

    declare(transfer)
    assert "high dynamic range" in refusal(source, coloured)
    declare(13)
    assert coloured(source).notes == ()


def jpeg_ls(samples: NDArray[np.uint8]) -> bytes:
    """A JPEG-LS picture, as medical and satellite archives have them."""
    return bytes(imagecodecs.jpegls_encode(samples))


KINDS: dict[str, tuple[bytes, str]] = {
    "a.jls": (jpeg_ls(grey()), "a JPEG-LS picture"),
    "a.jxr": (bytes(imagecodecs.jpegxr_encode(grey())), "a JPEG XR picture"),
    "a.jng": (b"\x8bJNG\r\n\x1a\n" + chunk(b"JHDR", bytes(16)), "a JNG picture"),
    "a.mng": (b"\x8aMNG\r\n\x1a\n" + chunk(b"MHDR", bytes(28)), "an MNG animation"),
}


@pytest.mark.parametrize("name", KINDS)
def test_pictures_that_are_not_read_are_refused_by_name(
    tmp_path: Path, coloured: Callable[[Path], Report], name: str
) -> None:
    """Breaks: "the picture is damaged", or a film of one frame."""
    content, kind = KINDS[name]
    (tmp_path / name).write_bytes(content)
    assert kind in refusal(tmp_path / name, coloured)


def test_the_png_of_an_app_is_refused_by_name(tmp_path: Path, coloured: Callable[[Path], Report]) -> None:
    """Breaks: "the picture is damaged (its decoder does not say how)"."""
    source = write_grey(tmp_path / "a.png")
    content = source.read_bytes()
    source.write_bytes(content[:8] + chunk(b"CgBI", b"\x50\0\x20\x02") + content[8:])
    assert "a PNG for iOS alone (CgBI)" in refusal(source, coloured)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_tiff_without_resolution_gets_none(
    tmp_path: Path, coloured: Callable[[Path], Report], kind: type[np.generic]
) -> None:
    """Breaks: one dot an inch, or 25.4, which print programs believe."""
    tifffile.imwrite(tmp_path / "a.tif", grey().astype(kind), metadata=None)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for code in (282, 283, 296):
            place = file.pages.first.tags[code].offset
            content[place : place + 2] = struct.pack("<H", 60000 + code)  # private tags, which nobody reads
    (tmp_path / "a.tif").write_bytes(content)
    coloured(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "result") as file:
        assert file.pages.first.tags[296].value == 1
        assert file.pages.first.tags[282].value == file.pages.first.tags[283].value == (1, 1)


def test_samples_that_use_few_of_their_bits_are_named(tmp_path: Path, coloured: Callable[[Path], Report]) -> None:
    """A scanner's 12 bits in 16: the result looks black, and nobody said why."""
    tifffile.imwrite(tmp_path / "a.tif", grey().astype(np.uint16) * 16, metadata=None, resolution=(300, 300))
    (note,) = coloured(tmp_path / "a.tif").notes
    assert "its lightest part has 4." in note
    assert "12 bits stored as 16" in note


def test_a_name_does_not_change_what_the_terminal_shows(tmp_path: Path, weights: Path) -> None:
    """Breaks: a line break, or a sequence that moves the cursor, in the name of a file."""
    source = write_grey(tmp_path / "a.png").rename(tmp_path / "a\n\x1b[2Jb.png")
    arguments = ["colorize", source, "-o", tmp_path / "out", "--weights", weights, "--device", "cpu"]
    command = [sys.executable, "-m", "daemon", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert b"\x1b[2J" not in ended.stdout + ended.stderr
    assert (tmp_path / "out" / source.name).exists()


def rgba_bmp(alpha: NDArray[np.uint8]) -> bytes:
    """A BMP of 32 bits whose header is from the time before alpha."""
    height, width = grey().shape
    samples = np.dstack([grey()[::-1]] * 3 + [alpha]).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 32, 0, len(samples), 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + len(samples), 0, 0, 54) + header + samples


def test_bytes_of_a_bmp_that_may_be_alpha_are_named(tmp_path: Path, coloured: Callable[[Path], Report]) -> None:
    """Some programs write alpha into what the header calls unused; 0 or 255 everywhere is none."""
    source = tmp_path / "a.bmp"
    for level in (0, 255):
        source.write_bytes(rgba_bmp(np.full_like(grey(), level)))
        assert coloured(source).notes == ()
    source.write_bytes(rgba_bmp(grey()))
    (note,) = coloured(source).notes
    assert "fourth bytes" in note


@pytest.mark.parametrize("name", [f"a.{kind}" for kind in ("png", "pgm", "webp", "gif", "avif", "jp2", "j2k", "tif")])
def test_what_lies_behind_a_picture_is_named(tmp_path: Path, coloured: Callable[[Path], Report], name: str) -> None:
    """Phones and netpbm put more into a file, which is not in the result."""
    source = write_grey(tmp_path / name)
    assert coloured(source).notes == ()
    source.write_bytes(source.read_bytes() + b"x" * 99)
    (note,) = coloured(source).notes
    assert "99 bytes behind the picture" in note


def test_the_film_behind_a_heic_is_named(tmp_path: Path, coloured: Callable[[Path], Report]) -> None:
    """Samsung's phones put it into a box of its own; AVIF has the same boxes."""
    source = write_grey(tmp_path / "a.avif")
    film = b"\0\0\0\x18ftypmp42" + bytes(12)
    source.write_bytes(source.read_bytes() + struct.pack(">I", len(film) + 8) + b"mpvd" + film)
    assert coloured(source).notes == ("left out: a film (motion photo)",)


@pytest.mark.parametrize("before", [b"\n", bytes(16), b"\0\5a.jpg" + bytes(121)], ids=["line", "zeros", "MacBinary"])
def test_bytes_before_a_photograph_are_named(tmp_path: Path, coloured: Callable[[Path], Report], before: bytes) -> None:
    """Breaks: "neither a photograph nor a film that tintd knows", of which nobody knows what to do."""
    source = write_grey(tmp_path / "a.jpg")
    source.write_bytes(before + source.read_bytes())
    count = "a byte" if len(before) == 1 else f"{len(before)} bytes"
    assert f"but {count} before a photograph" in refusal(source, coloured)


@pytest.mark.parametrize("room", [1 << 20, 0], ids=["held", "decoded twice"])
def test_a_jpeg_with_damage_in_its_middle_is_told(
    tmp_path: Path, coloured: Callable[[Path], Report], monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    """Breaks: the lines behind the damage are shifted, which was no news to the decoder."""
    monkeypatch.setattr(batch, "_ROOM", room)
    source = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(source, quality=93)
    content = source.read_bytes()
    middle = len(content) // 2
    source.write_bytes(content[:middle] + content[middle - 300 : middle] + content[middle:])
    (note,) = coloured(source).notes
    assert "left behind its last line" in note
    assert "parts of the result may be wrong" in note
