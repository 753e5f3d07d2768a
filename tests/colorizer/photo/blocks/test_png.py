"""Tests of colorizer/photo/blocks/png.py and webp.py."""

import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.photoshop import with_iptc
from colorizer.photo.blocks.png import gamma_of, read_chunks, read_png, write_png
from colorizer.photo.blocks.webp import read_webp, write_webp
from tests.assets.metadata import exif, packet


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def png(path: Path, *chunks: bytes, mode: str = "L") -> Path:
    """A PNG with further chunks after its header."""
    Image.new(mode, (4, 4), 9 if mode == "L" else None).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:33] + b"".join(chunks) + content[33:])
    return path


def test_texts_and_times_survive(tmp_path: Path) -> None:
    """As bytes, whatever their number and their letters."""
    texts = [(b"tEXt", b"Creation Time\x00K\xf6ln"), *((b"tEXt", b"Key%d\x00text" % number) for number in range(60))]
    kept = [*texts, (b"tIME", bytes(7)), (b"pHYs", bytes(9)), (b"iTXt", b"a\x00\x00\x00de\x00\x00gr\xc3\xbcn")]
    source = png(tmp_path / "a.png", *(chunk(*one) for one in kept))
    blocks = read_png(source)
    assert blocks.own == tuple(kept)
    target = tmp_path / "b.png"
    write_png(png(tmp_path / "encoded.png", mode="RGB"), blocks, target)
    assert read_png(target) == blocks
    with Image.open(target) as image:
        assert image.info["Creation Time"] == "Köln"
        image.load()


def test_all_bytes_behind_a_picture_are_counted(tmp_path: Path) -> None:
    """Also more than are read of a chunk, as a video behind a picture has."""
    source = png(tmp_path / "a.png")
    os.truncate(source, source.stat().st_size + (100 << 20))
    assert read_chunks(source).behind == 100 << 20


def test_blocks_in_texts_are_found(tmp_path: Path) -> None:
    """XMP, EXIF and IPTC, also as the hexadecimal text that ImageMagick writes."""
    record = b"\x1c\x02\x5a\x00\x03abc"
    raw = b"\niptc\n%8d\n" % len(with_iptc(record)) + with_iptc(record).hex().encode() + b"\n"
    source = png(
        tmp_path / "a.png",
        chunk(b"zTXt", b"Raw profile type iptc\x00\x00" + zlib.compress(raw)),
        chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x00\x00\x00\x00" + packet()),
        chunk(b"eXIf", exif()),
    )
    blocks = read_png(source)
    assert blocks == Blocks(exif(), packet(), with_iptc(record))
    write_png(png(tmp_path / "encoded.png", mode="RGB"), blocks, tmp_path / "b.png")
    assert read_png(tmp_path / "b.png") == blocks


def test_the_background_becomes_that_of_colour(tmp_path: Path) -> None:
    """It has one sample in a grey PNG, and three in a result."""
    assert read_png(png(tmp_path / "a.png", chunk(b"bKGD", b"\x00\xff"))).own == ((b"bKGD", b"\x00\xff" * 3),)


def test_what_is_said_of_samples_is_not_carried(tmp_path: Path) -> None:
    """An unknown chunk says itself whether it depends on them."""
    chunks = [(b"sBIT", b"\x08"), (b"tRNS", bytes(2)), (b"gAMA", (100_000).to_bytes(4, "big")), (b"vpAG", bytes(9))]
    blocks = read_png(png(tmp_path / "a.png", *(chunk(*one) for one in chunks), chunk(b"vpAg", b"kept")))
    assert blocks.own == ((b"vpAg", b"kept"),)
    assert blocks.notes == ("chunks of a PNG that are true of the original alone left out: 1",)


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        (b"sBIT", b"\x05", ("left out: sBIT (5 of the 8 bits of its samples are significant; all are in the result)",)),
        (b"sBIT", b"\x08", ()),
        (
            b"cICP",
            b"\x09\x10\x00\x01",
            ("left out: cICP (its samples have primaries 9, transfer function 16; the result has a profile)",),
        ),
        (b"cICP", b"\x01\x0d\x00\x01", ()),
        (b"cICP", b"\x09", ()),
    ],
)
def test_what_is_lost_with_them_is_named(tmp_path: Path, kind: bytes, content: bytes, said: tuple[str, ...]) -> None:
    """Unless it says what is true of each PNG of this depth in sRGB."""
    assert read_png(png(tmp_path / "a.png", chunk(kind, content))).notes == said


def test_a_comment_of_another_format_becomes_a_text(tmp_path: Path) -> None:
    """In Unicode or not."""
    blocks = Blocks(comments=("Köln".encode(), b"K\xf6ln"), resolution=(300.0, 300.0))
    write_png(png(tmp_path / "encoded.png", mode="RGB"), blocks, tmp_path / "b.png")
    with Image.open(tmp_path / "b.png") as image:
        assert image.info["Comment"] == "Köln"
        assert round(image.info["dpi"][0]) == 300


@pytest.mark.parametrize("end", range(8, 120, 3))
def test_damage_is_no_error_here(tmp_path: Path, end: int) -> None:
    """The decoder of the picture says what is wrong."""
    path = tmp_path / "a.png"
    info = PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n  12\nzz\n", zip=True)
    Image.new("L", (4, 4)).save(path, pnginfo=info)
    path.write_bytes(path.read_bytes()[:end])
    read_png(path)


def test_numbers_of_odd_length_say_nothing(tmp_path: Path) -> None:
    """Breaks: a gamma of 400 digits, and a background of samples without bits, ended in an error of Python."""
    assert gamma_of(read_chunks(png(tmp_path / "a.png", chunk(b"gAMA", b"\xff" * 400)))) is None
    path = png(tmp_path / "b.png", chunk(b"bKGD", b"\x00\xff"))
    content = bytearray(path.read_bytes())
    content[24] = 0
    path.write_bytes(content)
    read_png(path)


def test_a_text_that_would_fill_the_memory_is_left_out(tmp_path: Path) -> None:
    """A compressed megabyte can become a gigabyte; one that breaks off is left out too."""
    for name, packed in (("a.png", zlib.compress(bytes(80 << 20))), ("b.png", zlib.compress(packet())[:-9])):
        source = png(tmp_path / name, chunk(b"iTXt", b"XML:com.adobe.xmp\x00\x01\x00\x00\x00" + packed))
        assert read_png(source).xmp is None


def test_the_blocks_of_a_webp_survive(tmp_path: Path) -> None:
    """Unknown ones too; what has no place there is named."""
    Image.new("RGB", (4, 4)).save(tmp_path / "encoded.webp", icc_profile=b"any")
    blocks = Blocks(exif(), packet(), own=((b"ABCD", b"odd"),))
    assert write_webp(tmp_path / "encoded.webp", blocks, tmp_path / "b.webp") == ()
    assert read_webp(tmp_path / "b.webp") == blocks
    with Image.open(tmp_path / "b.webp") as image:
        assert image.info["exif"].removeprefix(b"Exif\x00\x00") == exif()
        assert image.info["xmp"] == packet()
        image.load()
    notes = write_webp(tmp_path / "encoded.webp", Blocks(comments=(b"one",)), tmp_path / "c.webp")
    assert notes == ("comments left out: WebP files have no place for them",)
