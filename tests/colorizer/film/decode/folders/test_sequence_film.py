"""Tests of colorizer/film/decode/folders/sequence_film.py."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from colorizer.errors import MediaError
from colorizer.film.decode.folders.sequence_film import describe_transfer, open_sequence
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.decode.probe import probe_film
from tests.assets.sequences import write_frames, write_picture, write_wav


@pytest.mark.parametrize(
    ("name", "pixels", "plane"),
    [
        ("a.{:04}.dpx", "gbrp10be", "gbrp10le"),
        ("a.{:04}.dpx", "gray16be", "gray16le"),
        ("a_{:05}.tif", "gray16le", "gray16le"),
        ("{}.png", "gray16be", "gray16le"),
        ("{}.png", "gray", "gray"),
        ("{}.tif", "rgb48le", "gbrp16le"),
    ],
)
def test_samples_are_those_of_the_files(tmp_path: Path, name: str, pixels: str, plane: str) -> None:
    """In their depth and in full range; grey in R'G'B' keeps its codes as luma."""
    before, _, after = name.partition("{")
    folder = write_frames(tmp_path / "reel", name, range(8, 12), pixels)
    info = probe_film(folder / f"{before}#{after.partition('}')[2]}", 100, "24000/1001")
    assert (info.coding.full, info.expected, info.rate) == (True, 4, Fraction(24000, 1001))
    frames = list(read_frames(info))
    assert [frame.pts * info.time_base for frame in frames] == [Fraction(1001 * n, 24000) for n in range(4)]
    for number, frame in enumerate(frames, start=8):
        with av.open(str(folder / name.format(number))) as file:
            alone = next(file.decode(video=0)).reformat(format=plane)
        assert info.coding.depth == alone.format.components[0].bits
        codes = luma_codes(frame.picture, info.coding).to(torch.int64)
        assert torch.equal(codes, torch.from_dlpack(alone.planes[0]).to(torch.int64))


@pytest.mark.parametrize("pixels", ["grayf32le", "gbrpf32le"])
def test_linear_light_gets_the_curve_of_srgb(tmp_path: Path, pixels: str) -> None:
    """In 16 bits, as IEC 61966-2-1 has it; what is brighter than white is white."""
    ramp = np.linspace(0, 1.2, 96, dtype=np.float32)
    frame = av.VideoFrame(96, 64, pixels)
    for plane in frame.planes:
        plane.update(np.pad(np.tile(ramp, (64, 1)), ((0, 0), (0, plane.line_size // 4 - 96))).tobytes())
    for number in range(3):
        write_picture(tmp_path / f"a{number}.exr", frame)
    info = probe_film(tmp_path / "a#.exr", 100, "24")
    assert (info.coding.depth, info.coding.full, info.coding.tags.transfer) == (16, True, 13)
    shown = np.where(ramp <= 0.0031308, ramp * 12.92, 1.055 * ramp ** (1 / 2.4) - 0.055).clip(0, 1)
    for read in read_frames(info):
        codes = luma_codes(read.picture, info.coding)[5].numpy()
        assert np.abs(codes - shown * 65535).max() < 2


def test_the_colorimetry_counts_where_the_transfer_is_undefined(tmp_path: Path) -> None:
    """Some scanners fill that field alone."""
    folder = write_frames(tmp_path / "reel", "{:03}.dpx", range(2), "gray16be")
    frame = folder / "000.dpx"
    for transfer, colorimetry, density in ((0, 1, True), (255, 1, True), (6, 1, False), (0, 6, False), (0, 255, False)):
        content = bytearray(frame.read_bytes())
        content[801], content[802] = transfer, colorimetry
        frame.write_bytes(content)
        assert probe_film(folder / "#.dpx", 100).is_density == density


@pytest.mark.parametrize(("code", "words"), [(1, "printing density"), (2, "linear light"), (3, "logarithmic"), (6, "")])
def test_what_dpx_declares_of_its_light_is_said(tmp_path: Path, code: int, words: str) -> None:
    """The codes stay; the result does not claim linear light."""
    folder = write_frames(tmp_path / "reel", "{:03}.dpx", range(2), "gray16be")
    for frame in folder.iterdir():
        content = bytearray(frame.read_bytes())
        content[801], content[802] = code, 6
        frame.write_bytes(content)
    notes = list(describe_transfer(folder / "000.dpx"))
    assert len(notes) == bool(words)
    assert words in "".join(notes)
    assert probe_film(folder / "#.dpx", 100).coding.tags.transfer in {1, 6}


def test_a_gap_keeps_its_time(tmp_path: Path) -> None:
    """The frame before it is shown longer, and a search by time finds the frame of that time."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", [1, 2, 5, 6], "gray")
    with av.open(open_sequence(folder / "#.png", Fraction(10)), "r", format="mov") as film:
        picture = film.streams.video[0]
        shown = [(frame.time, frame.duration) for frame in film.decode(picture)]
        assert shown == [(0.0, 1), (0.1, 3), (0.4, 1), (0.5, 1)]
        film.seek(4, stream=picture)
        assert next(film.decode(picture)).time == 0.4


def test_numbers_that_count_no_frames_are_refused(tmp_path: Path) -> None:
    """Dates, for instance."""
    folder = write_frames(tmp_path / "album", "{}.png", [19500101, 20240101], "gray")
    with pytest.raises(MediaError, match="these are not the frames of a film"):
        open_sequence(folder / "#.png", Fraction(24))


def test_sound_beside_the_frames_is_a_stream(tmp_path: Path) -> None:
    """As it would be in the file of a film."""
    folder = write_frames(tmp_path / "reel", "{:03}.png", pixels="gray")
    write_wav(tmp_path / "reel.wav", 0.3)
    info = probe_film(folder / "#.png", 100, "24")
    assert [(stream.kind, stream.codec) for stream in info.side_streams] == [("audio", "pcm_s24le")]
    assert info.sound == tmp_path / "reel.wav"
