"""Tests of colorizer/trial.py: other colours are seen beside the present ones, and nothing is replaced."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from colorizer.trial import TRIAL_SECONDS, write_trial
from tests.assets.films import Film, write_film


def job_of(source: Path, root: Path, weights: Path, vividness: float) -> Job:
    """A job with some vividness."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu", vividness=vividness))
    return Job(source, root / f"{vividness}", root / f"work-{vividness}", settings)


def test_a_photograph_is_tried(tmp_path: Path, weights: Path) -> None:
    """It has the size of the result that is shown beside it, at most a screen's, and the new colours."""
    Image.effect_noise((2000, 1000), 60).save(tmp_path / "big.png")
    before = (tmp_path / "big.png").read_bytes()
    vivid = job_of(tmp_path / "big.png", tmp_path, weights, 1.0)
    colorize(vivid, lambda _done, _frames: None)
    present = vivid.target.read_bytes()
    pale = job_of(tmp_path / "big.png", tmp_path, weights, 0.0)
    report = write_trial(pale, vivid.target, tmp_path / "shown", lambda _done, _frames: None)
    assert report.kind == "photo"
    shown, tried = (Image.open(path) for path in (tmp_path / "shown", pale.target))
    assert (shown.format, shown.size) == (tried.format, tried.size) == ("JPEG", (1600, 800))
    assert np.abs(np.asarray(shown, float) - np.asarray(tried, float)).mean() > 0.5
    greys = [np.asarray(image.convert("L"), float) for image in (shown, tried)]
    assert np.abs(greys[0] - greys[1]).mean() < 8  # the luma is the original's in both
    assert vivid.target.read_bytes() == present
    assert (tmp_path / "big.png").read_bytes() == before


@pytest.mark.parametrize("frames", [12, 150])
def test_a_film_is_tried(tmp_path: Path, weights: Path, frames: int) -> None:
    """Both show the same few seconds, which every browser plays."""
    film = write_film(tmp_path / "film.mkv", Film(codec="ffv1", frames=frames, sounds=("pcm_s16le",)))
    pale = job_of(film, tmp_path, weights, 0.0)
    report = write_trial(pale, film, tmp_path / "shown", lambda _done, _frames: None)
    assert report.kind == "film"
    counted = []
    for path in (tmp_path / "shown", pale.target):
        with av.open(str(path)) as made:
            picture = made.streams.video[0]
            assert (picture.codec_context.name, picture.codec_context.pix_fmt) == ("h264", "yuv420p")
            assert made.streams.audio[0].codec_context.name == "aac"
            counted.append([frame.to_ndarray(format="gray") for frame in made.decode(video=0)])
            assert abs(float(picture.duration * picture.time_base) - min(frames / 25, TRIAL_SECONDS)) < 0.1
    assert len(counted[0]) == len(counted[1])
    assert all(np.abs(one.astype(float) - other).mean() < 10 for one, other in zip(*counted, strict=True))
