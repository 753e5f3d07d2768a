"""Tests of colorizer/film/decode/folders/disc_film.py, through the job that the worker does."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from colorizer.engine import colorize
from colorizer.errors import UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, FilmSettings, JobSettings, SizeSettings
from tests.assets.discs import encrypt, write_disc


def colour(disc: Path, weights: Path, size: SizeSettings | None = None) -> tuple[Report, Path]:
    """Colour a disc; returns the report and the result."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings(speed="ultrafast", interlaced="progressive"),
        size=size or SizeSettings(),
    )
    job = Job(disc, disc.parent / "result", disc.parent / "workspace", settings)
    return colorize(job, lambda _done, _all: None), job.target


def test_the_longest_title_set_is_one_film(tmp_path: Path, weights: Path) -> None:
    """With the sound, on one clock, although each file begins its own; the other sets are named."""
    report, result = colour(write_disc(tmp_path / "Holiday"), weights)
    assert report.frames == 45
    assert report.notes[:2] == (
        "title set 2 of the disc is coloured; its menus and extras are not",
        "other title sets, left out: VTS_01_1.VOB; each of these files can be coloured by itself",
    )
    with av.open(str(result)) as film:
        times = [frame.time for frame in film.decode(video=0)]
        assert [stream.codec_context.name for stream in film.streams.audio] == ["ac3"]
    steps = [after - before for before, after in pairwise(times)]
    assert len(times) == 45
    assert all(0 < step < 0.2 for step in steps)


def test_an_encrypted_disc_is_refused_in_a_sentence(tmp_path: Path, weights: Path) -> None:
    """It is not decrypted."""
    disc = write_disc(tmp_path / "Holiday")
    encrypt(disc / "VTS_02_2.VOB")
    with pytest.raises(UnsupportedError, match="encrypted"):
        colour(disc, weights)


def test_the_rules_of_size_hold_for_all_files(tmp_path: Path, weights: Path) -> None:
    """Together."""
    with pytest.raises(UnsupportedError, match=r"less than `size\.min_kib`"):
        colour(write_disc(tmp_path / "Holiday"), weights, SizeSettings(min_kib=100_000))
