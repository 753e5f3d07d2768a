"""Doing jobs: find out what a file is, load the weights that it wants, colour it; photographs several at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Literal

from colorizer.copying import copy_file
from colorizer.errors import InColourError
from colorizer.film.pipeline import colorize_film
from colorizer.job import Job, ProgressCallback
from colorizer.model.predictor import Predictor
from colorizer.model.weights import weights_path
from colorizer.photo.batch import SharedColorist, sit_together
from colorizer.photo.formats import kind_of
from colorizer.photo.pipeline import colorize_photo
from colorizer.report import Report
from colorizer.settings import ColourSettings


def colorize(job: Job, on_progress: ProgressCallback) -> Report:
    """Do a job.

    Args:
        job: what to do.
        on_progress: called after each frame of a film, and while a file is copied.

    Raises:
        InColourError: it is in colour already, which the settings leave alone.
        TintdError: it cannot be done; the message says why. The target may hold anything then.

    """
    kind = kind_of(job.source)
    colorist = open_colorist(job.settings.colour)
    try:
        report = (colorize_photo if kind == "photo" else colorize_film)(job, colorist, on_progress)
    except InColourError as found:
        if job.settings.detection.coloured != "copy":
            raise
        report = _copy(job, kind, found, partial(on_progress, found.frames, found.frames))
    original = job.source.stat()
    os.utime(job.target, ns=(original.st_atime_ns, original.st_mtime_ns))
    return report


def colorize_together(
    jobs: Sequence[Job], turned_to: Callable[[int], None], on_progress: ProgressCallback
) -> Iterator[tuple[int, Report | Exception]]:
    """Do jobs in turns; the photographs among them that are alike in size and settings share one call of the network.

    Args:
        jobs: what to do.
        turned_to: told whenever one is gone on with, by its number.
        on_progress: called for the job that goes on.

    Yields:
        The number of a job that has ended, and its report or what went wrong.

    """
    return sit_together([partial(colorize, job, on_progress) for job in jobs], turned_to)


@cache
def open_colorist(settings: ColourSettings) -> SharedColorist:
    """Load the weights that the settings name, once for as long as they are asked for."""
    model = Predictor.load(weights_path(settings.weights), device=settings.device)
    return SharedColorist(model, settings.working_size, model.card.decoding(settings.vividness))


def _copy(job: Job, kind: Literal["photo", "film"], found: InColourError, on_progress: Callable[[], None]) -> Report:
    """Copy the original, which becomes the result."""
    copy_file(job.source, job.target, on_progress)
    return Report(
        kind=kind,
        suffix=job.source.suffix,
        width=found.width,
        height=found.height,
        frames=found.frames,
        notes=("already in colour: copied as it is",),
    )
