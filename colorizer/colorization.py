"""Doing a job: find out what the file is, load the weights that it wants, colour it."""

from __future__ import annotations

import os
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Literal

from colorizer.colorist import Colorist
from colorizer.errors import InColourError
from colorizer.film import Progress, colorize_film
from colorizer.job import Job
from colorizer.kind import kind_of
from colorizer.photo import colorize_photo
from colorizer.predictor import Predictor
from colorizer.report import Report
from colorizer.settings import ColourSettings
from colorizer.weights import DEFAULT_WEIGHTS


def colorize(job: Job, progress: Progress) -> Report:
    """Do a job.

    Args:
        job: what to do.
        progress: told after each frame of a film.

    Raises:
        InColourError: it is in colour already, which the settings leave alone.
        TintdError: it cannot be done; the message says why. The target may hold anything then.

    """
    kind = kind_of(job.source)
    colorist = open_colorist(job.settings.colour)
    try:
        report = colorize_photo(job, colorist, progress) if kind == "photo" else colorize_film(job, colorist, progress)
    except InColourError as found:
        if job.settings.detection.coloured != "copy":
            raise
        report = _copy(job, kind, found)
    original = job.source.stat()
    os.utime(job.target, ns=(original.st_atime_ns, original.st_mtime_ns))
    return report


def _copy(job: Job, kind: Literal["photo", "film"], found: InColourError) -> Report:
    """The original is the result."""
    shutil.copyfile(job.source, job.target)
    return Report(
        kind=kind,
        suffix=job.source.suffix,
        width=found.width,
        height=found.height,
        frames=found.frames,
        notes=("already in colour: copied as it is",),
    )


@lru_cache(maxsize=2)
def open_colorist(settings: ColourSettings) -> Colorist:
    """Load the weights that the settings name, once for as long as they are asked for."""
    predictor = Predictor(weights_path(settings), device=settings.device, vividness=settings.vividness)
    return Colorist(predictor, settings.working_size)


def weights_path(settings: ColourSettings) -> Path:
    """Where the weights that the settings name lie."""
    return DEFAULT_WEIGHTS if settings.weights == "default" else settings.weights
