"""Tests of colorizer/film/encode/encoder.py and presets.py: which encoder is chosen, and that it keeps its promise."""

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import pytest
import torch

from colorizer.engine import colorize
from colorizer.errors import SettingsError
from colorizer.film.decode.probe import probe_film
from colorizer.film.encode.encoder import add_picture, choose_encoding
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.films import Film, write_film

SHORT = Film(frames=3)


def coloured(source: Path, weights: Path, **film: Any) -> tuple[Report, Path]:  # noqa: ANN401
    """Colour a film; the report and the result."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings.model_validate({"speed": "ultrafast"} | film),
    )
    job = Job(source, source.parent / "result", source.parent / "workspace", settings)
    return colorize(job, lambda _done, _all: None), job.target


def lumas(path: Path) -> list[torch.Tensor]:
    """The luma plane of each frame."""
    with av.open(str(path)) as container:
        return [torch.from_dlpack(frame.planes[0]).clone() for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    ("encoder", "expected"),
    [
        ("h264", ("h264", "yuv420p", ".mp4")),
        ("hevc", ("hevc", "yuv420p", ".mp4")),
        ("av1", ("av1", "yuv420p", ".mp4")),
        ("prores", ("prores", "yuv422p10le", ".mov")),
        ("ffv1", ("ffv1", "yuv420p", ".mkv")),
        ("libvpx-vp9", ("vp9", "yuv420p", ".mp4")),
    ],
)
def test_an_encoder_is_chosen_by_its_name(
    tmp_path: Path, weights: Path, encoder: str, expected: tuple[str, str, str]
) -> None:
    """Ours or libav's; the container is the original's where it holds the codec, else one that does."""
    report, result = coloured(write_film(tmp_path / "film.mp4", SHORT), weights, encoder=encoder)
    with av.open(str(result)) as container:
        frames = list(container.decode(video=0))
        codec = container.streams.video[0].codec_context.codec.canonical_name
    assert (codec, frames[0].format.name, report.suffix) == expected
    assert len(frames) == 3


@pytest.mark.parametrize(
    ("encoder", "film"),
    [
        ("ffv1", SHORT),
        ("ffv1", Film(frames=3, codec="mpeg2video", pixels="yuv422p")),
        ("ffv1", Film(frames=3, codec="libx264", pixels="yuv420p10le")),
        ("h264", SHORT),
        ("h264", Film(frames=3, codec="libx264", pixels="yuv420p10le")),
        ("hevc", SHORT),
    ],
)
def test_without_loss_the_luma_of_the_file_is_the_originals(
    tmp_path: Path, weights: Path, encoder: str, film: Film
) -> None:
    """Archive copies always, H.264 and HEVC at quality 0: every sample, bit for bit."""
    source = write_film(tmp_path / "film.mkv", film)
    _, result = coloured(source, weights, encoder=encoder, quality=0)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(lumas(result), lumas(source), strict=True))


def test_without_nvenc_its_like_encodes(tmp_path: Path, weights: Path) -> None:
    """A machine that has no such encoder uses the one on the processor, and the report says so."""
    report, result = coloured(write_film(tmp_path / "film.mp4", SHORT), weights, encoder="h264_nvenc")
    with av.open(str(result)) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == "h264"
    used = any("instead of H.264 (NVENC)" in note for note in report.notes)
    assert used is not nvenc_works()


def nvenc_works() -> bool:
    """Whether this machine encodes by NVENC."""
    context = av.CodecContext.create("h264_nvenc", "w")
    context.width, context.height, context.pix_fmt, context.framerate = 256, 256, "yuv420p", 25  # type: ignore[attr-defined]
    try:
        context.open()
    except av.error.FFmpegError:
        return False
    return True


def test_options_reach_the_encoder(tmp_path: Path) -> None:
    """They go before quality and speed; numbers are taken as they are written."""
    info = probe_film(write_film(tmp_path / "film.mp4", SHORT), 100)
    settings = FilmSettings.model_validate({"options": {"crf": 30, "tune": "grain"}})
    assert choose_encoding(info, settings).options == {"preset": "fast", "crf": "30", "tune": "grain"}


@pytest.mark.parametrize(
    ("film", "words"),
    [
        ({"encoder": "libhevc"}, "no encoder libhevc"),
        ({"encoder": "aac"}, "encodes no pictures"),
        ({"encoder": "gif"}, "no planar"),
        ({"options": {"tuen": "grain"}}, "knows no option tuen"),
        ({"options": {"preset": "quickly"}}, "preset"),
    ],
)
def test_wrong_settings_are_refused_by_name(tmp_path: Path, film: dict[str, Any], words: str) -> None:
    """The message says which."""
    info = probe_film(write_film(tmp_path / "film.mp4", SHORT), 100)
    with pytest.raises(SettingsError, match=words):
        choose_encoding(info, FilmSettings.model_validate(film))


@contextmanager
def one_processor() -> Iterator[None]:
    """This process may use one processor only."""
    allowed = os.sched_getaffinity(0)
    if len(allowed) == 1:
        pytest.skip("this machine has one processor")
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.parametrize("encoder", ["h264", "hevc", "av1", "ffv1"])
@pytest.mark.parametrize("height", [64, 160])
def test_the_encoded_bits_do_not_depend_on_the_number_of_processors(
    tmp_path: Path, weights: Path, encoder: str, height: int
) -> None:
    """Breaks: one processor instead of all. Encoders divide their work among a fixed number of threads."""
    source = write_film(tmp_path / "film.mp4", Film(frames=20, width=96, height=height))

    def packets() -> list[bytes]:
        _, result = coloured(source, weights, encoder=encoder, speed="fast")
        with av.open(str(result)) as container:
            return [bytes(packet) for packet in container.demux(video=0)]

    on_all = packets()
    shutil.rmtree(tmp_path / "workspace")
    with one_processor():
        assert packets() == on_all


_M_PERTURB = -6
"""glibc's mallopt(3): memory that is given out is filled with the complement of a byte."""


@contextmanager
def memory_filled(byte: int) -> Iterator[None]:
    """Memory that this process is given holds a byte."""
    if sys.platform != "linux":
        pytest.skip("only glibc fills memory")
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_PERTURB, byte)
    try:
        yield
    finally:
        libc.mallopt(_M_PERTURB, 0)


@pytest.mark.parametrize("encoder", ["h264", "hevc", "av1", "libvpx-vp9"])
def test_the_encoded_bits_do_not_depend_on_what_the_memory_held_before(tmp_path: Path, encoder: str) -> None:
    """Breaks: memory is filled with other bytes. The AVX-512 code of x264 reads some that nothing has written."""
    source = write_film(tmp_path / "film.mp4", Film(frames=20, width=96, height=160))
    info = probe_film(source, 100)
    encoding = choose_encoding(info, FilmSettings.model_validate({"encoder": encoder}))

    def packets() -> Iterator[bytes]:
        with av.open(str(source)) as original, av.open(str(tmp_path / "film.mkv"), "w") as result:
            stream = add_picture(result, encoding, info, info.width)
            for frame in [*original.decode(video=0), None]:
                yield from map(bytes, stream.encode(frame))

    with memory_filled(1):
        expected = list(packets())
    with memory_filled(170):
        assert list(packets()) == expected
