"""Tests of colorizer/photo/formats/, the registry of the formats of photographs."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from colorizer.errors import UnsupportedError
from colorizer.photo.formats import FORMATS, detect_kind, format_named, is_named_as_photo
from colorizer.settings import PhotoSettings
from tests.assets.pictures import write_grey


@pytest.mark.parametrize(
    "name",
    ["a.jpg", "a.png", "a.tif", "a.webp", "a.gif", "a.bmp", "a.jp2", "a.pgm", "a.tga", "a.avif", "a.pcx", "a.sgi"],
)
def test_photographs_are_known_by_their_bytes(tmp_path: Path, name: str) -> None:
    """The name of a file does not matter."""
    renamed = write_grey(tmp_path / name).rename(tmp_path / "renamed.txt")
    assert detect_kind(renamed) == "photo"


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("compression", [None, "tga_rle"])
def test_every_kind_of_targa_is_known(tmp_path: Path, mode: str, compression: str | None) -> None:
    """A Targa in colour begins almost like a mouse pointer."""
    path = tmp_path / "a.tga"
    Image.new(mode, (8, 6)).save(path, compression=compression)
    assert detect_kind(path) == "photo"


@pytest.mark.parametrize("start", [b"II*\0", b"MM\0*\0\0\0", b"II*\0\x08\0\0\0", b"II*\0\xff\xff\xff\xff"])
def test_the_beginning_of_a_tiff_is_a_photograph(tmp_path: Path, start: bytes) -> None:
    """A few bytes are enough; its reader says that it ends too early."""
    path = tmp_path / "scan.tif"
    path.write_bytes(start)
    assert detect_kind(path) == "photo"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "drawing"),
        (b"<svg/>", "SVG"),
        (b"PK\x03\x04....", "ZIP"),
        (b"ID3\x04", "sound"),
        (b"\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0", "icon"),
        (b"\0\0\2\0\1\0\x20\x20\0\0\4\0\4\0", "mouse pointer"),
        (b"\0" * 32769 + b"CD001", "disc image"),
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\x80\x2a\x5f\xd7", "Cineon"),
        (b"\0\5\x16\7\0\2\0\0", "AppleDouble"),
        (b"version https://git-lfs.github.com/spec/v1", "Git LFS"),
        (b"bplist00", "property list"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 1024 + "Image Contents".encode("utf-16-le"), "FlashPix"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 1024, "office"),
        (b"\0" * 2048 + b"PCD_IPI", "Photo CD"),
    ],
)
def test_what_is_no_photograph_is_refused_with_its_name(tmp_path: Path, content: bytes, word: str) -> None:
    """The error says what the file is."""
    path = tmp_path / "file.jpg"
    path.write_bytes(content)
    with pytest.raises(UnsupportedError, match=word):
        detect_kind(path)


@pytest.mark.parametrize(
    "start",
    [
        b"\0\0\1\xba" + b"\x44\0\4\0" * 10,
        b"\0\0\1\xb3" + b"\x16\x01\x20\x13" * 10,
        b"\0\0\0\1\x67\x64" + b"\x1f" * 40,
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
        b"RIFF\0\0\1\0AVI LIST",
        b"\x1a\x45\xdf\xa3" + b"\0" * 40,
    ],
)
def test_a_film_is_not_taken_for_a_targa(tmp_path: Path, start: bytes) -> None:
    """A Targa has no signature, but its header must be consistent."""
    path = tmp_path / "film.tga"
    path.write_bytes(start)
    assert detect_kind(path) == "film"


def test_every_format_has_a_name_and_suffixes_of_its_own() -> None:
    """No two formats share a name or a suffix."""
    names = [one.name for one in FORMATS]
    suffixes = [suffix for one in FORMATS for suffix in one.all_suffixes]
    assert len(set(names)) == len(names)
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)


def test_every_result_can_be_written() -> None:
    """A format that is not written names formats that are; so do the settings."""
    for one in FORMATS:
        assert one.save or all(format_named(name).save for name in one.instead), one.name
        assert one.save or one.instead, one.name
    named = set(get_args(PhotoSettings.model_fields["format"].annotation)) - {"auto"}
    assert all(format_named(name).save for name in named)


@pytest.mark.parametrize(
    "name", ["a.jpg", "a.PCX", "a.sgi", "a.tga", "a.ppm", "a.pgm", "a.dng", "a.nef", "a.jfif", "a.ras", "a.dib"]
)
def test_photographs_are_known_by_their_names(name: str) -> None:
    """A name is enough to put photographs before films."""
    assert is_named_as_photo(Path(name))


@pytest.mark.parametrize("name", ["a.jxl", "a.mkv", "a.psd", "a", ".jpg"])
def test_other_files_are_not_named_as_photographs(name: str) -> None:
    """A format that is refused is not among them."""
    assert not is_named_as_photo(Path(name))


def test_the_registry_loads_no_decoder() -> None:
    """The service imports it, and loads neither torch nor a decoder."""
    heavy = {"torch", "av", "pyvips", "numpy", "pillow_heif", "rawpy"}
    code = f"import sys, colorizer.photo.formats; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert answer.stdout.strip() == "[]"
