"""Tests of colorizer/photo/blocks/jp2.py: the boxes in which libraries keep what they know of a scan."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.jp2 import read_jp2, write_jp2
from colorizer.photo.blocks.photoshop import with_iptc
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings, PhotoSettings
from tests.assets.pictures import grey

RESOLUTION = struct.pack(">I4sHHHHbb", 18, b"resc", 600, 1, 600, 1, 0, 0)
OWN = (
    (b"res ", RESOLUTION),
    (b"xml ", b"<mods>Gr\xc3\xbc\xc3\x9fe</mods>"),
    (b"uuid", b"GeoJP2-of-a-map." + bytes(40)),
)
RECORD = b"\x1c\x02\x5a\x00\x05Essen"


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """A scan as a library has it."""
    file = io.BytesIO()
    Image.fromarray(grey()).save(file, "JPEG2000")
    (tmp_path / "bare").write_bytes(file.getvalue())
    write_jp2(tmp_path / "bare", Blocks(photoshop=with_iptc(RECORD), own=OWN), tmp_path / "a.jp2")
    return tmp_path / "a.jp2"


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Callable[..., Report]:
    """Colours a file as `result` beside it."""

    def do(source: Path, **photo: object) -> Report:
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"), photo=PhotoSettings.model_validate(photo)
        )
        return colorize(Job(source, tmp_path / "result", tmp_path / "work", settings), lambda *_: None)

    return do


def test_catalogue_resolution_and_iptc_of_a_scan_are_kept(scan: Path, colour: Callable[..., Report]) -> None:
    """Breaks: they were gone without a word, all but EXIF and XMP."""
    assert colour(scan).notes == ()
    blocks = read_jp2(scan.with_name("result"))
    assert set(OWN) <= set(blocks.own)
    assert RECORD in (blocks.photoshop or b"")
    assert b"CreatorTool" in (blocks.xmp or b"")
    with Image.open(scan.with_name("result")) as result:
        assert result.mode == "RGB"
        assert result.info["dpi"] == (pytest.approx(600 * 0.0254), pytest.approx(600 * 0.0254))


def test_what_another_format_does_not_hold_is_named(scan: Path, colour: Callable[..., Report]) -> None:
    """A TIFF has the resolution and the IPTC, but no place for the catalogue."""
    notes = colour(scan, format="tiff").notes
    assert "boxes of the JPEG 2000 (a catalogue in XML, for instance) left out: 2" in notes


def test_a_codestream_has_no_boxes(tmp_path: Path, colour: Callable[..., Report]) -> None:
    """It becomes a file with boxes, as it gets metadata."""
    Image.fromarray(grey()).save(tmp_path / "a.j2k", "JPEG2000", no_jp2=True)
    assert read_jp2(tmp_path / "a.j2k") == Blocks()
    assert colour(tmp_path / "a.j2k").suffix == ".jp2"
    assert read_jp2(tmp_path / "result").xmp
