"""Films whose bytes are mutated: each gives a result that plays, or a sentence that names no class of Python."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import av
import pytest

from colorizer.job import Job
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings
from tests.formats.films import SAMPLES, Sample
from tests.formats.mutations import check, colour_mutated, mutate, overwrite
from tests.formats.test_films import make

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")

ENCODERS = ("auto", "h264", "ffv1", "prores", "hevc", "av1")
FEW = SAMPLES[::5]


def colour_mutations(sample: Sample, samples: Path, folder: Path, weights: Path, numbers: range) -> None:
    """Colour mutations of a film, and check each result and what is said of each failure."""
    content = make(sample, samples).read_bytes()
    for number in numbers:
        chosen = random.Random(f"{sample.name} {number}")
        source = folder / sample.name
        source.write_bytes((overwrite if number % 4 else mutate)(content, chosen))
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"),
            detection=DetectionSettings(input="grey" if number % 3 else "auto"),
            film=FilmSettings(encoder=ENCODERS[number % len(ENCODERS)], speed="ultrafast"),
        )
        workspace = folder / f"workspace {number}"
        workspace.mkdir()
        outcome = colour_mutated(Job(source, folder / "result", workspace, settings), number)
        if isinstance(outcome, str):
            check(outcome)
        else:
            assert count_frames(folder / "result") == outcome.frames, number
        shutil.rmtree(workspace)


def count_frames(path: Path) -> int:
    """Number of frames that can be decoded."""
    with av.open(str(path), metadata_errors="surrogateescape") as container:
        return sum(1 for _ in container.decode(video=0))


@pytest.mark.parametrize("sample", FEW, ids=lambda sample: sample.name)
def test_a_mutated_film_gives_a_result_or_a_sentence(
    sample: Sample, samples: Path, tmp_path: Path, weights: Path
) -> None:
    """Whatever its demuxer, decoders and muxer make of it."""
    colour_mutations(sample, samples, tmp_path, weights, range(5))


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_many_mutated_films_give_results_or_sentences(
    sample: Sample, samples: Path, tmp_path: Path, weights: Path
) -> None:
    """Ten thousand in all."""
    colour_mutations(sample, samples, tmp_path, weights, range(5, 195))
