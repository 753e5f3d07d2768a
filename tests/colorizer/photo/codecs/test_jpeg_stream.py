"""Tests of colorizer/photo/codecs/jpeg_stream.py: damage in a JPEG that decodes to something."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
import pyvips
from PIL import Image

from colorizer.errors import MediaError
from colorizer.photo.codecs.jpeg_stream import JpegStream
from tests.assets.pictures import grey


def read(path: Path) -> None:
    """Read a JPEG, and check that all was needed."""
    stream = JpegStream.of_file(path, path.read_bytes().rindex(b"\xff\xd9"))
    pyvips.Image.jpegload_source(stream.open(), access="sequential").copy_memory()
    stream.check()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 2}], ids=str)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_sound_picture_needs_its_data_to_their_end(tmp_path: Path, mode: str, options: dict[str, int]) -> None:
    """However it is coded, with a few bytes that mean nothing, and with bytes behind it."""
    path = tmp_path / "a.jpg"
    Image.fromarray(grey(200, 300)).convert(mode).save(path, quality=93, **options)
    read(path)
    content = path.read_bytes()
    for quirk in (bytes(999), b"\x5a" * 16):  # padding, and what some cameras leave there
        path.write_bytes(content.replace(b"\xff\xd9", quirk + b"\xff\xd9") + b"behind")
        read(path)


def test_data_that_no_line_needs_are_told(tmp_path: Path) -> None:
    """Bytes that came into the middle make no code that there is not: libjpeg has nothing to warn of."""
    path = tmp_path / "a.jpg"
    Image.fromarray(grey(200, 300)).save(path, quality=93)
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = content[:middle] + content[middle - 300 : middle] + content[middle:]
    for bad in (damaged, content.replace(b"\xff\xd9", b"\x5a" * 64 + b"\xff\xd9")):
        path.write_bytes(bad)
        with pytest.raises(MediaError, match=r"may be damaged .* bytes of data are left behind its last line"):
            read(path)


def test_an_error_of_the_disk_is_not_the_end_of_the_picture(tmp_path: Path) -> None:
    """Breaks: a share that fails in the middle of a file. The rest of the picture would be grey."""
    path = tmp_path / "a.jpg"
    Image.fromarray(grey(200, 300)).save(path, quality=93)
    content = path.read_bytes()

    def read_at(_size: int, place: int) -> bytes:
        if place:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return content[:9000]

    stream = JpegStream(read_at, len(content), len(content) - 2)
    pyvips.Image.jpegload_source(stream.open(), access="sequential", fail_on="none").copy_memory()
    with pytest.raises(OSError, match="Input/output error"):
        stream.check_reading()


def test_pictures_that_wait_hold_no_file_open(tmp_path: Path) -> None:
    """However many are coloured together, the limit of open files is not reached."""
    path = tmp_path / "a.jpg"
    Image.fromarray(grey()).save(path)
    streams = [JpegStream.of_file(path, path.stat().st_size - 2) for _ in range(9)]
    images = [pyvips.Image.jpegload_source(stream.open(), access="sequential") for stream in streams]
    assert path not in {descriptor.resolve() for descriptor in Path("/proc/self/fd").iterdir()}
    assert len(images) == 9
