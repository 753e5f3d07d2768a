"""Tests of colorizer/film/decode/sequence_report.py, through the job that the worker does."""

from pathlib import Path

import av
import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from colorizer.engine import colorize
from colorizer.errors import InColourError
from colorizer.job import Excerpt, Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings
from tests.assets.films import Film, luma
from tests.assets.sequences import encoded, write_frames, write_wav


def colour(source: Path, weights: Path, excerpt: Excerpt | None = None, **film: str) -> tuple[Report, Path]:
    """Colour a sequence of ten frames a second; returns the report and the result."""
    settings = JobSettings(
        detection=DetectionSettings(coloured="copy"),
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings.model_validate(film),
        sequences="10",
    )
    root = source.parent.parent
    job = Job(source, root / "result", root / "workspace", settings, excerpt)
    return colorize(job, lambda _done, _all: None), job.target


def test_a_sequence_becomes_a_film_with_its_sound(tmp_path: Path, weights: Path) -> None:
    """FFV1 in MKV, with every bit of the luma, and the packets of the sound."""
    folder = write_frames(tmp_path / "reel", "scan.{:04}.tif", range(86400, 86408))
    sound = write_wav(folder / "scan.wav", 0.8)
    report, result = colour(folder / "scan.#.tif", weights)
    assert (report.suffix, report.frames, report.notes) == (".mkv", 8, ())
    with av.open(str(result)) as film, av.open(str(sound)) as own:
        assert [stream.codec_context.name for stream in film.streams] == ["ffv1", "pcm_s24le"]
        assert b"".join(map(bytes, film.demux(audio=0))) == b"".join(map(bytes, own.demux(audio=0)))
        film.seek(0)
        for number, frame in enumerate(film.decode(video=0), start=86400):
            assert torch.from_dlpack(frame.planes[0]).numpy().tolist() == luma(Film(), number).tolist()
            assert torch.from_dlpack(frame.planes[1]).to(torch.int64).numpy().std() > 0


def test_prores_has_limited_range(tmp_path: Path, weights: Path) -> None:
    """Players take it for that, whatever the container says: black stays black, and white white."""
    folder = write_frames(tmp_path / "reel", "{:04}.tif")
    report, result = colour(folder / "#.tif", weights, encoder="prores")
    assert "full range became limited range: ProRes has no other" in report.notes
    with av.open(str(result)) as film:
        found = torch.from_dlpack(next(film.decode(video=0)).planes[0]).to(torch.int64).numpy()
    wanted = 64 + luma(Film(), 1) / 65535 * 876
    assert np.abs(found - wanted).mean() < 2


def test_what_is_wrong_is_named_by_its_file(tmp_path: Path, weights: Path) -> None:
    """Missing numbers, damaged frames, other sizes, and sound of another length."""
    folder = write_frames(tmp_path / "reel", "scan.{:04}.png", [1, 2, 3, 4, 5, 8, 9, 10, 11, 12], "gray")
    (folder / "scan.0003.png").write_bytes(b"")
    (folder / "scan.0010.png").write_bytes((folder / "scan.0010.png").read_bytes()[:60])
    (folder / "scan.0011.png").write_bytes(encoded(".png", "gray", Film(width=64, height=48), 11))
    write_wav(tmp_path / "reel.wav", 3)
    report, result = colour(folder / "scan.#.png", weights)
    assert report.notes == (
        "missing numbers, so that the frame before is shown longer: 6 to 7",
        "not decoded, so that the frame before is shown longer: scan.0003.png, scan.0010.png",
        "64 x 48 was scaled to the 96 x 64 of the first frame: scan.0011.png",
        "the sound reel.wav is 3.01 s long, and the picture 1.20 s at 10 frames a second",
    )
    with av.open(str(result)) as film:
        assert [round(frame.time, 2) for frame in film.decode(video=0)] == [0, 0.1, 0.3, 0.4, 0.7, 0.8, 1.0, 1.1]


def test_a_part_is_described_by_itself(tmp_path: Path, weights: Path) -> None:
    """What is wrong elsewhere is not named."""
    folder = write_frames(tmp_path / "reel", "{:04}.png", range(20), "gray")
    (folder / "0002.png").write_bytes(b"damaged")
    report, _ = colour(folder / "#.png", weights, Excerpt(1, 0.5))
    assert (report.frames, report.notes) == (5, ())


def test_a_sequence_in_colour_is_left_alone(tmp_path: Path, weights: Path) -> None:
    """It cannot be copied as one file."""
    folder = tmp_path / "reel"
    folder.mkdir()
    for number in range(4):
        Image.fromarray(skimage.data.astronaut()[: 500 + number]).save(folder / f"{number}.png")
    with pytest.raises(InColourError):
        colour(folder / "#.png", weights)
