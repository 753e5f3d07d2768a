"""Tests of colorizer/film/survey.py and outline.py: spans that several workers survey have the edges of one pass."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from colorizer.engine import open_colorist, plan_film_parts, survey_film_span
from colorizer.film.colouring import measure
from colorizer.film.cuts import number_segments
from colorizer.film.decode.frames import read_frames
from colorizer.film.outline import recall_outline
from colorizer.film.plan import plan_film, probe_wanted
from colorizer.film.survey import spans_of
from colorizer.job import Excerpt, Job, Part, Span
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.films import Film, write_film

FILM = Film(
    frames=120,
    rate=1,
    pts=tuple(225_000 * number for number in range(120)),
    options={"g": "11", "bf": "2", "preset": "ultrafast"},
    shot_frames=13,
)
"""Five minutes in few frames; key frames and cuts are in different places, and B-frames reach over the former."""


def ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


@pytest.fixture
def job(tmp_path: Path, weights: Path) -> Job:
    """A long film to colour."""
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    return Job(write_film(tmp_path / "film.mp4", FILM), tmp_path / "result", tmp_path / "workspace", settings)


def edges_of_one_pass(job: Job) -> list[int]:
    """Times at which segments begin, found as colouring the whole film does."""
    colorist = open_colorist(job.settings.colour)
    plan = plan_film(job, probe_wanted(job, ignore), colorist, ignore)
    frames = list(number_segments(measure(read_frames(plan.info), plan, colorist), plan.info.time_base))
    return [
        frame.pts for number, frame in enumerate(frames) if not number or frame.segment != frames[number - 1].segment
    ]


def surveyed(job: Job) -> tuple[Span, ...]:
    """The spans of the film, surveyed by whoever comes."""
    spans = plan_film_parts(job, ignore, may_share=True)
    for span in reversed(spans):
        assert isinstance(span, Span)
        survey_film_span(job, span, ignore)
    return tuple(span for span in spans if isinstance(span, Span))


def edges(job: Job) -> list[int]:
    """Times at which segments begin, by the outline in the workspace."""
    outline = recall_outline(job, open_colorist(job.settings.colour))
    assert outline is not None
    assert outline.frames == FILM.frames
    return [edge.pts for edge in outline.edges]


def test_spans_in_any_order_have_the_edges_of_one_pass(job: Job) -> None:
    """Every span begins where decoding has begun before, and cuts at its first frames are found all the same."""
    spans = surveyed(job)
    assert len(spans) == 2
    assert plan_film_parts(job, ignore, may_share=True) == plan_film_parts(job, ignore)
    assert edges(job) == edges_of_one_pass(job)
    assert not (job.workspace / "survey-None-None").exists()


def test_whoever_plans_alone_surveys_all(job: Job) -> None:
    """The parts are those that several workers would have found."""
    parts = plan_film_parts(job, ignore)
    assert all(isinstance(part, Part) for part in parts)
    assert edges(job) == edges_of_one_pass(job)


def test_spans_that_do_not_fit_are_not_believed(job: Job) -> None:
    """Where decoding from a key frame gives other frames, the film is surveyed in one pass."""
    spans = surveyed(job)
    record = job.workspace / f"survey-{spans[1].begin}-None"
    begin, numbers, rest = record.read_text().partition('"checksums":[')
    record.write_text(f"{begin}{numbers}1{rest}")
    plan_film_parts(job, ignore)
    assert edges(job) == edges_of_one_pass(job)
    assert (job.workspace / "survey-None-None").exists()


def test_a_damaged_film_is_not_divided(job: Job) -> None:
    """It is coloured as a whole, from its beginning."""
    record = job.workspace / f"survey-{surveyed(job)[0].begin}-{spans_of(probe_wanted(job, ignore), None)[0].end}"
    record.write_text(record.read_text().replace('"is_damaged":false', '"is_damaged":true'))
    assert plan_film_parts(job, ignore) == ()


def test_chroma_that_the_samples_did_not_show_is_looked_at(job: Job) -> None:
    """The plan has the scenes then."""
    record = job.workspace / f"survey-{surveyed(job)[1].begin}-None"
    record.write_text(record.read_text().replace('"is_coloured":false', '"is_coloured":true'))
    plan_film_parts(job, ignore)
    outline = recall_outline(job, open_colorist(job.settings.colour))
    assert outline is not None
    assert outline.plan.scenes is not None
    assert outline.plan.scenes.frames == FILM.frames


def test_the_number_of_spans_follows_the_length(job: Job) -> None:
    """They have no gaps; an excerpt is one span, because it is short."""
    info = probe_wanted(job, ignore)
    hours = replace(info, expected=10 * 3600 * 25, rate=Fraction(25), length=Fraction(36_000))
    spans = spans_of(hours, None)
    assert len(spans) >= 300
    assert spans[0].begin is spans[-1].end is None
    assert [span.end for span in spans[:-1]] == [span.begin for span in spans[1:]]
    assert spans_of(hours, Excerpt(3, 60)) == spans_of(replace(info, expected=3), None) == (Span(None, None),)
