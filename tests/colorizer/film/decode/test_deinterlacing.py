"""Tests of interlaced films: judged, deinterlaced or kept as fields, and telecined film."""

import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data
import torch
from av.video.frame import VideoFrame

from colorizer.film.decode.deinterlacing import repeated_frame
from colorizer.film.decode.film_info import Scan
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.film.decode.scan import judge_scan
from colorizer.settings import FilmSettings
from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured, lumas

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")


def make(path: Path, filters: str, *, flags: str = "+ilme+ildct", seconds: float = 0.48) -> Path:
    """A film of things that move fast; interlaced, 12 frames."""
    source = ["-f", "lavfi", "-i", f"testsrc2=s=320x240:r=50:d={seconds},hue=s=0,scroll=h=0.02"]
    coding = ["-c:v", "mpeg2video", *(["-flags", flags] if flags else []), "-b:v", "8M", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-v", "error", *source, "-vf", filters, *coding, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def combing(luma: torch.Tensor) -> float:
    """How much neighbouring lines differ, against lines of the same field."""
    wide = luma.float()
    return float((wide[1:-1] - wide[:-2]).abs().mean() / (wide[2:] - wide[:-2]).abs().mean())


def test_interlaced_films_are_deinterlaced(tmp_path: Path, weights: Path) -> None:
    """As many frames at the same times, without combs; the report says so."""
    source = make(tmp_path / "film.ts", "interlace,setfield=tff")
    report, result = coloured(source, weights)
    assert any("deinterlaced" in note for note in report.notes)
    before, after = lumas(source), lumas(result)
    assert len(after) == len(before) == 12
    assert combing(after[6]) < 0.75 * combing(before[6])
    with av.open(str(result)) as container:
        assert not next(container.decode(video=0)).interlaced_frame


def test_fields_are_kept_by_configuration(tmp_path: Path, weights: Path) -> None:
    """The luma is the original's, the result says that it is interlaced, and which field is first."""
    source = make(tmp_path / "film.ts", "interlace,setfield=tff")
    report, result = coloured(source, weights, interlaced="keep", quality=0)
    assert "kept interlaced" in report.notes
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(lumas(result), lumas(source), strict=True))
    with av.open(str(result)) as container:
        assert next(container.decode(video=0)).interlaced_frame
        assert container.streams.video[0].codec_context.field_order == 2


def test_an_encoder_without_fields_says_so(tmp_path: Path, weights: Path) -> None:
    """AV1 has none: the film is deinterlaced."""
    report, _ = coloured(
        make(tmp_path / "film.ts", "interlace,setfield=tff"), weights, interlaced="keep", encoder="av1"
    )
    assert "not kept interlaced: AV1 has no fields" in report.notes


def test_film_that_is_flagged_as_interlaced_is_left_alone(tmp_path: Path, weights: Path) -> None:
    """Breaks: half of the detail of film on a disc is interpolated away. By configuration it is, as before."""
    source = make(tmp_path / "film.ts", "fps=25,setfield=tff")
    with av.open(str(source)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    report, result = coloured(source, weights, quality=0)
    assert report.notes == ()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(lumas(result), lumas(source), strict=True))
    forced, _ = coloured(source, weights, interlaced="deinterlace")
    assert any("deinterlaced" in note for note in forced.notes)


@pytest.mark.parametrize("scan", ["tff", "bff"])
def test_combs_without_a_flag_are_removed(tmp_path: Path, weights: Path, scan: str) -> None:
    """Breaks: a capture of a tape, whose program called it progressive, keeps its combs. By configuration it does."""
    source = make(tmp_path / "film.ts", f"interlace=scan={scan},setfield=prog", flags="")
    with av.open(str(source)) as container:
        assert not next(container.decode(video=0)).interlaced_frame
    report, result = coloured(source, weights)
    assert any("deinterlaced" in note for note in report.notes)
    before, after = lumas(source), lumas(result)
    assert len(after) == len(before)
    assert combing(after[6]) < 0.75 * combing(before[6])
    kept, same = coloured(source, weights, interlaced="progressive", quality=0)
    assert kept.notes == ()
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(lumas(same), before, strict=True))


def test_a_pan_by_an_odd_number_of_lines_is_no_interlaced_film(tmp_path: Path, weights: Path) -> None:
    """Breaks: every second line of a progressive film is interpolated because the camera tilts."""
    report, _ = coloured(write_film(tmp_path / "film.mkv", Film(frames=40)), weights)
    assert report.notes == ()


@pytest.mark.parametrize(("filters", "most"), [("fps=25", 8), ("interlace,setfield=prog", 12)])
def test_no_more_frames_are_read_than_a_verdict_needs(tmp_path: Path, filters: str, most: int) -> None:
    """Breaks: a short film takes noticeably longer because sixteen frames are decoded where six are enough."""
    info = probe_film(make(tmp_path / "film.ts", filters, flags=""), 100)
    read: list[Frame] = []

    def pictures() -> Iterator[VideoFrame]:
        for frame in read_frames(info):
            read.append(frame)
            yield frame.picture

    scan = judge_scan(info, [pictures()], FilmSettings()).scan
    assert len(read) <= most
    assert scan is (Scan.FLAGGED if most < 12 else Scan.INTERLACED)


def test_what_moves_slowly_at_first_hides_no_interlaced_film(tmp_path: Path) -> None:
    """Breaks: where a pan begins slowly, frames of two moments pass for whole, and the film keeps its combs."""
    info = probe_film(make(tmp_path / "film.ts", "fps=25", flags=""), 100)
    scene = cv2.GaussianBlur(skimage.data.camera(), (0, 0), 1)
    places = np.cumsum([1] * 14 + [6] * 18)  # of the fields
    pictures = []
    for number, (top, bottom) in enumerate(zip(places[::2], places[1::2], strict=True)):
        picture = VideoFrame(info.width, info.height, info.pixels)
        for plane in picture.planes:
            torch.from_dlpack(plane).fill_(128)
        luma = torch.from_dlpack(picture.planes[0]).numpy()
        luma[::2] = scene[:240:2, top : top + info.width]
        luma[1::2] = scene[1:240:2, bottom : bottom + info.width]
        picture.pts = number
        pictures.append(picture)
    assert judge_scan(info, [iter(pictures)], FilmSettings()).scan is Scan.INTERLACED


@pytest.mark.parametrize("first", ["top", "bottom"])
def test_telecined_film_becomes_its_frames_again(tmp_path: Path, weights: Path, first: str) -> None:
    """Breaks: two frames of five are mixtures of two film frames. Each is shown once, equally long; sound stays."""
    filters = f"fps=24000/1001,telecine=first_field={first}"
    source = make(tmp_path / "film.ts", filters, seconds=2)
    before = lumas(source)
    report, result = coloured(source, weights, quality=0)
    assert report.notes == ("telecined: each film frame is shown once",)
    after = lumas(result)
    assert len(after) == pytest.approx(len(before) * 4 / 5, abs=1)
    film = lumas(make(tmp_path / "film_frames.ts", "fps=24000/1001", seconds=2))
    for ours, theirs in zip(after[:40], film, strict=False):
        assert float((ours.float() - theirs.float()).abs().mean()) < 2
    with av.open(str(result)) as container:
        shown = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert all(later - time == pytest.approx(1001 / 24000, abs=0.001) for time, later in pairwise(shown[:40]))
    kept, _ = coloured(source, weights, pulldown="keep")
    assert kept.frames == len(before)


@pytest.mark.parametrize(
    ("changes", "expected"), [([9, 8, 1, 9, 9], 2), ([9, 8, 7, 9, 9], None), ([0, 0, 0, 0, 0], None)]
)
def test_the_repeated_frame_of_a_cycle(changes: list[float], expected: int | None) -> None:
    """It changes clearly less than the others; no frame is left out on a guess."""
    assert repeated_frame(changes) == expected
