"""Doing a job: find out what the file is, load the weights that it wants, colour it."""

from __future__ import annotations

import os
from functools import lru_cache

from colorizer.colorist import Colorist
from colorizer.film import Progress, colorize_film
from colorizer.job import Job
from colorizer.kind import kind_of
from colorizer.photo import colorize_photo
from colorizer.predictor import Predictor
from colorizer.report import Report
from colorizer.settings import ColourSettings
from colorizer.weights import weights_path


def colorize(job: Job, progress: Progress) -> Report:
    """Do a job.

    Args:
        job: what to do.
        progress: told after each frame of a film.

    Raises:
        TintdError: it cannot be done; the message says why. The target may hold anything then.

    """
    kind = kind_of(job.source)
    colorist = open_colorist(job.settings.colour)
    report = colorize_photo(job, colorist) if kind == "photo" else colorize_film(job, colorist, progress)
    original = job.source.stat()
    os.utime(job.target, ns=(original.st_atime_ns, original.st_mtime_ns))
    return report


@lru_cache(maxsize=2)
def open_colorist(settings: ColourSettings) -> Colorist:
    """Load the weights that the settings name, once for as long as they are asked for."""
    predictor = Predictor(weights_path(settings), device=settings.device, vividness=settings.vividness)
    return Colorist(predictor, settings.working_size)
