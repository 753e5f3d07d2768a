"""Tests of colorizer/film/outline.py: how it is kept. test_survey.py has those of how it is made."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from colorizer.engine import open_colorist
from colorizer.film.decode.film_info import Chapter, SideStream
from colorizer.film.outline import begin_outline, recall_outline
from colorizer.film.plan import plan_film, probe_wanted
from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.films import Film, write_film


def ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


def test_a_plan_is_read_as_it_was_made(tmp_path: Path, weights: Path) -> None:
    """All that a film can have comes back, even names that are no UTF-8; the file is where the reader's job has it."""
    colour = ColourSettings(weights=weights, device="cpu")
    source = write_film(tmp_path / "film.mp4", Film(frames=3, metadata={"title": "Harbour"}))
    job = Job(source, tmp_path / "result", tmp_path / "workspace", JobSettings(colour=colour))
    info, colorist = probe_wanted(job, ignore), open_colorist(colour)
    plan = plan_film(job, info, colorist, ignore)
    full = replace(
        plan.info,
        shape=Fraction(16, 15),
        matrix=(0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30),
        tags={"title": "caf\udce9"},
        chapters=(Chapter(1, 0, 90, Fraction(1, 90), {"title": "\udce9"}), Chapter(2, 90, 99, None, {})),
        side_streams=(SideStream(1, "audio", "aac"),),
    )
    made = begin_outline(job, replace(plan, info=full), colorist)
    assert recall_outline(job, colorist) == made
    assert made.plan.info == full
    there = tmp_path / "mount \udce9"
    (tmp_path / "workspace").rename(there)
    source.rename(tmp_path / "moved \udce9.mp4")
    elsewhere = replace(job, source=tmp_path / "moved \udce9.mp4", workspace=there)
    recalled = recall_outline(elsewhere, colorist)
    assert recalled is not None
    assert recalled.plan.info == replace(full, path=elsewhere.source)


def test_a_damaged_plan_is_none(tmp_path: Path, weights: Path) -> None:
    """Whoever reads it plans the film again."""
    colour = ColourSettings(weights=weights, device="cpu")
    source = write_film(tmp_path / "film.mp4", Film(frames=3))
    job = Job(source, tmp_path / "result", tmp_path / "workspace", JobSettings(colour=colour))
    colorist = open_colorist(colour)
    begin_outline(job, plan_film(job, probe_wanted(job, ignore), colorist, ignore), colorist)
    note = job.workspace / "outline"
    note.write_text(note.read_text()[:-1])
    assert recall_outline(job, colorist) is None
    note.write_text("{}")
    assert recall_outline(job, colorist) is None
