"""Do jobs: find out what a file is, load the weights that its settings name, and colour it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from colorizer.copying import copy_attributes, copy_file
from colorizer.errors import ChangedError, InColourError, TintdError
from colorizer.job import Job, Part, ProgressCallback, ReadCallback, Span
from colorizer.model.colorist import Colorist
from colorizer.model.predictor import Predictor
from colorizer.originals import changed_at, is_of_many_files, state_of
from colorizer.photo.batch import colorize_photos
from colorizer.photo.formats import detect_kind
from colorizer.report import Report
from colorizer.settings import ColourSettings
from colorizer.weights_path import weights_path

Kind = Literal["photo", "film"]


def colorize(job: Job, on_progress: ProgressCallback, on_read: ReadCallback | None = None) -> Report:
    """Do a job.

    Args:
        job: what to do.
        on_progress: called after each frame of a film, and while a file is decoded or copied.
        on_read: called while a film is read through before; None: `on_progress` is, with 0 frames.

    Raises:
        ChangedError: the original has not the state that the job names, or changes meanwhile.
        InColourError: it is in colour already, and the settings leave such files alone.
        TintdError: it cannot be done; the message says why. The content of the target is undefined then.

    """
    _check_original(job)
    if detect_kind(job.source) == "photo":
        ((_, outcome),) = colorize_photos([job], open_colorist, lambda _number: None, on_progress)
        return _finish(job, "photo", outcome, on_progress)
    from colorizer.film.pipeline import colorize_film  # noqa: PLC0415 (a photograph needs neither it nor av)

    try:
        colorist = open_colorist(job.settings.colour)
        report = colorize_film(job, colorist, on_read or (lambda _: on_progress(0, 0)), on_progress, _write_frames)
    except InColourError as found:
        return _finish(job, "film", found, on_progress)
    except (TintdError, OSError):
        _check_original(job)  # first: a film that has gone meanwhile is not damaged
        raise
    _check_original(job)
    return _finish(job, "film", report, on_progress)


def _check_original(job: Job) -> None:
    """Refuse an original that is another one than the job is about."""
    if job.original is None:
        return
    try:
        found = state_of(job.source)
    except OSError:
        found = None
    if found != job.original:
        raise ChangedError(f"{job.source.name}: it changed, or is gone")


def _write_frames(*wanted: Any) -> tuple[str, ...]:  # noqa: ANN401
    """See `colorizer.frame_files.writer.write_frames`, which loads libraries that few films need."""
    from colorizer.frame_files.writer import write_frames  # noqa: PLC0415

    return write_frames(*wanted)


def colorize_together(
    jobs: Sequence[Job], on_turn: Callable[[int], None], on_progress: ProgressCallback
) -> Iterator[tuple[int, Report | Exception]]:
    """Do several jobs; the photographs among them that are alike in size and settings share one call of the network.

    Args:
        jobs: what to do.
        on_turn: called with the number of a job before work on it begins or goes on.
        on_progress: told how far that job is.

    Yields:
        The number of a job that has ended, and its report or what went wrong.

    """
    films = [number for number, job in enumerate(jobs) if _may_be_film(job)]
    for number in films:
        on_turn(number)
        yield number, _outcome(partial(colorize, jobs[number], on_progress))
    photos = [number for number in range(len(jobs)) if number not in films]
    photo_jobs = [jobs[number] for number in photos]
    for place, outcome in colorize_photos(photo_jobs, open_colorist, lambda place: on_turn(photos[place]), on_progress):
        number = photos[place]
        yield number, _outcome(partial(_finish, jobs[number], "photo", outcome, on_progress))


def plan_film_parts(job: Job, on_read: ReadCallback, *, may_share: bool = False) -> tuple[Span, ...] | tuple[Part, ...]:
    """Divide a film into parts that several workers can colour; none if it is to be coloured as a whole.

    With `may_share` these may be spans, in which several workers look first; see `colorizer.film.parts.plan_parts`.
    """
    from colorizer.film.parts import plan_parts  # noqa: PLC0415 (libav is loaded for films only)

    try:
        return plan_parts(job, open_colorist(job.settings.colour), on_read, may_share=may_share)
    except TintdError:
        return ()  # colouring it says what is wrong


def survey_film_span(job: Job, span: Span, on_read: ReadCallback) -> None:
    """Look where segments may begin in a span of a film; what was found lies in the workspace then."""
    from colorizer.film.parts import survey_span  # noqa: PLC0415 (libav is loaded for films only)

    with suppress(TintdError):  # colouring it says what is wrong
        survey_span(job, span, open_colorist(job.settings.colour), on_read)


def colour_film_part(job: Job, part: Part, on_progress: ProgressCallback) -> None:
    """Colour one part of a film; the segments lie in the workspace then.

    Raises:
        TintdError: it cannot be done; the message says why.

    """
    from colorizer.film.parts import colour_part  # noqa: PLC0415 (libav is loaded for films only)

    colour_part(job, part, open_colorist(job.settings.colour), on_progress)


def _may_be_film(job: Job) -> bool:
    try:
        return detect_kind(job.source) == "film"
    except (TintdError, OSError):
        return False  # colouring it says what is wrong


def _outcome(do: Callable[[], Report]) -> Report | Exception:
    try:
        return do()
    except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
        return error


@cache
def open_colorist(settings: ColourSettings) -> Colorist:
    """Load the weights that the settings name, once for all settings that name the same ones."""
    model = _open_model(weights_path(settings.weights), settings.device)
    return Colorist(model, settings.working_size, model.card.decoding(settings.vividness))


@cache
def _open_model(weights: Path, device: str) -> Predictor:
    return Predictor.load(weights, device=device)


def _finish(job: Job, kind: Kind, outcome: Report | Exception, on_progress: ProgressCallback) -> Report:
    """Give the result the times and attributes of its original; a file in colour is copied where the settings say so.

    Raises:
        Exception: the job failed, or is left alone.

    """
    is_copied = job.settings.detection.coloured == "copy" and not is_of_many_files(job.source)
    if isinstance(outcome, InColourError) and is_copied:
        outcome = _copy(job, kind, outcome, partial(on_progress, outcome.frames, outcome.frames))
    if isinstance(outcome, Exception):
        raise outcome
    if not is_of_many_files(job.source):
        copy_attributes(job.source, job.target)
    changed = changed_at(job.source)
    os.utime(job.target, ns=(changed, changed))
    return outcome


def _copy(job: Job, kind: Kind, found: InColourError, on_progress: Callable[[], None]) -> Report:
    """Copy the original as the result."""
    copy_file(job.source, job.target, on_progress)
    return Report(
        kind=kind,
        suffix=job.source.suffix,
        width=found.width,
        height=found.height,
        frames=found.frames,
        notes=("already in colour: copied as it is",),
    )
