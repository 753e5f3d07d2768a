"""Tests of interlaced films: deinterlaced, or kept as fields."""

import shutil
import subprocess
from pathlib import Path

import av
import pytest
import torch

from tests.colorizer.film.encode.test_encoder import coloured, lumas

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")


def make(path: Path, filters: str) -> Path:
    """An interlaced film of 12 frames, of things that move fast."""
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=50:d=0.48,hue=s=0,scroll=h=0.02"]
    coding = ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-b:v", "8M", "-pix_fmt", "yuv420p"]
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
