"""A trial: a file in other colours beside its present result, small and soon, before anything is replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from colorizer.durable import make_folder
from colorizer.engine import colorize
from colorizer.film.decode.film_info import FoundStreams
from colorizer.film.decode.probe import probe_film
from colorizer.job import Excerpt, Job
from colorizer.photo.formats import detect_kind
from colorizer.preview import write_clip, write_reduced, write_stills
from colorizer.report import Report
from colorizer.settings import DetectionSettings, FilmSettings, JobSettings, PhotoSettings

TRIAL_SIDE = 1600
"""Longest side of a photograph in a trial, in pixels."""
TRIAL_SECONDS = 4.0
"""Length of a film's trial."""
_MOMENT = 3
"""A film's trial begins after this part of its length: one third."""


def write_trial(job: Job, result: Path, shown: Path, on_progress: Callable[[int, int], None]) -> Report:
    """Colour a reduced photograph, or some seconds of a film, and write the same of the present result.

    Args:
        job: the original, the settings to try, and a workspace of its own; the target becomes a JPEG, or an MP4 with
            H.264.
        result: the present result.
        shown: the file that gets the same of the present result, in the same format.
        on_progress: called with the frames that are done, and all that will be.

    Returns:
        What the trial is.

    Raises:
        TintdError: one of the files cannot be read or coloured; the message says why.
        OSError: a file cannot be read or written.

    """
    make_folder(job.workspace)
    if detect_kind(job.source) == "photo":
        reduced = job.workspace / "reduced.png"
        write_reduced(job.source, reduced, TRIAL_SIDE)
        write_stills(result, {shown: TRIAL_SIDE})
        return colorize(replace(job, source=reduced, settings=_settings_of(job)), on_progress)
    coloured, excerpt = job.workspace / "coloured", _excerpt(job)
    report = colorize(replace(job, target=coloured, settings=_settings_of(job), excerpt=excerpt), on_progress)
    write_clip(coloured, job.target, on_progress)
    write_clip(result, shown, on_progress, excerpt)
    return report


def _settings_of(job: Job) -> JobSettings:
    """The settings of a job, with quick formats that every machine writes: the result is only looked at."""
    film = FilmSettings(
        encoder="h264", quality=16, speed="ultrafast", steadiness=job.settings.film.steadiness, provenance=False
    )
    return JobSettings(
        detection=DetectionSettings(input=job.settings.detection.input, coloured="recolour"),
        colour=job.settings.colour,
        photo=PhotoSettings(format="jpeg", provenance=False, turn=job.settings.photo.turn),
        film=film.model_copy(update={"max_megapixels": job.settings.film.max_megapixels}),
    )


def _excerpt(job: Job) -> Excerpt:
    """A few seconds after a third of a film; all of a film that is short."""
    most, rate = job.settings.film.max_megapixels, job.settings.sequences
    info = probe_film(job.source, most, rate, FoundStreams())  # late streams do not change its length
    length = float(info.length or info.expected / (info.rate or 1))
    return Excerpt(max(0.0, min(length / _MOMENT, length - TRIAL_SECONDS)), TRIAL_SECONDS)
