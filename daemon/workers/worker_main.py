"""The main function of a worker process, where torch and av are loaded: tasks in, messages out."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from colorizer.durable import sync_file
from colorizer.errors import TintdError
from colorizer.job import Job
from colorizer.processors import keep_freed_memory, limit_threads
from colorizer.report import Report
from colorizer.settings import ColourSettings
from daemon.workers.child import begin_child
from daemon.workers.duplicate_check import reuse_result
from daemon.workers.events import Done, Failed, IsDuplicate, PieceDone, Planned, Progress, Skipped
from daemon.workers.failures import end_of_error
from daemon.workers.messages import Ready, Started, StartFailed, WorkerSpec
from daemon.workers.task import (
    CheckDuplicate,
    ColourFiles,
    ColourPart,
    MakePreview,
    MakeTrial,
    PlanFilm,
    SurveySpan,
    Task,
)

_PROGRESS_SECONDS = 0.5
"""Shortest time between two messages of progress."""
_OOM_SCORE = 500
"""Added to the score by which the kernel chooses a process to kill for memory: a worker goes before the service."""

_End = Done | IsDuplicate | Skipped | Failed | Planned | PieceDone


def main(connection: Connection, spec: WorkerSpec) -> None:
    """Load the weights, then do tasks until the parent closes the connection."""
    begin_child()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the parent has ended
        _serve(connection, spec)


def _serve(connection: Connection, spec: WorkerSpec) -> None:
    _set_priorities(spec)
    keep_freed_memory()
    if spec.threads is not None:
        limit_threads(spec.threads)
    from colorizer.engine import open_colorist  # noqa: PLC0415 (torch is loaded in this process only)
    from colorizer.model.device import cuda_devices  # noqa: PLC0415

    try:
        hashes = {colour: open_colorist(_on_device(colour, spec)).weights for colour in spec.colours}
    except TintdError as error:
        connection.send(StartFailed(str(error)))
        return
    connection.send(Ready(hashes, cuda_devices()))
    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        for end in _do(task, spec, _Reporter(connection)):
            connection.send(end)


def _do(task: Task, spec: WorkerSpec, reporter: _Reporter) -> Iterator[_End]:
    """Do a task; yields the end of each of its keys."""
    match task:
        case ColourFiles(jobs):
            yield from _colour({key: _job_on_device(job, spec) for key, job in jobs.items()}, reporter)
        case PlanFilm(_, job):
            yield from _plan(replace(task, job=_job_on_device(job, spec)), reporter)
        case SurveySpan(_, job) | ColourPart(_, job):
            yield _do_piece(replace(task, job=_job_on_device(job, spec)), reporter)
        case CheckDuplicate(key, job, coloured):
            reporter.start(key)
            if reuse_result(job, coloured, reporter):
                yield IsDuplicate(key)
            else:
                yield from _colour({key: _job_on_device(job, spec)}, reporter)
        case MakePreview(key) | MakeTrial(key):
            reporter.start(key)
            yield _preview(task, reporter)


def _preview(task: MakePreview | MakeTrial, reporter: _Reporter) -> Done | Failed:
    from colorizer.preview import write_clip, write_stills  # noqa: PLC0415 (torch is loaded in this process only)
    from colorizer.trial import write_trial  # noqa: PLC0415 (likewise)

    source = task.job.source if isinstance(task, MakeTrial) else task.source
    try:
        if isinstance(task, MakeTrial):
            return Done(task.key, write_trial(task.job, task.result, task.shown, reporter), "")
        if task.clip is not None:
            return Done(task.key, write_clip(task.source, task.clip, reporter), "")
        return Done(task.key, write_stills(task.source, dict(task.stills)), "")
    except TintdError as error:
        return Failed(task.key, "failed", str(error))
    except Exception as error:  # noqa: BLE001 (a bad file harms only itself)
        return Failed(task.key, "failed", f"{source.name}: no preview can be made: {error}")


def _plan(task: PlanFilm, reporter: _Reporter) -> Iterator[_End]:
    """Divide a film into parts, or colour it here where it has none."""
    from colorizer.engine import plan_film_parts  # noqa: PLC0415 (torch is loaded in this process only)

    reporter.start(task.key)
    try:
        pieces = plan_film_parts(task.job, reporter.read, may_share=not task.is_surveyed)
    except Exception as error:  # noqa: BLE001 (a bad file harms only itself)
        yield end_of_error(task.key, task.job, error)
        return
    if pieces:
        yield Planned(task.key, pieces)
    else:
        yield from _colour({task.key: task.job}, reporter)


def _do_piece(task: SurveySpan | ColourPart, reporter: _Reporter) -> PieceDone | Failed | Skipped:
    """Do what several workers do at the same time for one film."""
    from colorizer.engine import colour_film_part, survey_film_span  # noqa: PLC0415 (torch is loaded here only)

    reporter.start(task.key)
    try:
        if isinstance(task, SurveySpan):
            survey_film_span(task.job, task.span, reporter.read)
        else:
            colour_film_part(task.job, task.part, reporter)
    except Exception as error:  # noqa: BLE001 (a bad file harms only itself)
        return end_of_error(task.key, task.job, error)
    return PieceDone(task.key)


def _colour(jobs: Mapping[int, Job], reporter: _Reporter) -> Iterator[_End]:
    from colorizer.engine import colorize, colorize_together  # noqa: PLC0415 (torch is loaded in this process only)

    keys = list(jobs)
    if len(keys) > 1:
        for number, outcome in colorize_together(
            list(jobs.values()), lambda number: reporter.start(keys[number]), reporter
        ):
            yield _end_of(keys[number], jobs[keys[number]], outcome)
        return
    [(key, job)] = jobs.items()
    reporter.start(key)
    try:
        outcome = colorize(job, reporter, reporter.read)
    except Exception as error:  # noqa: BLE001 (a bad file harms only itself)
        outcome = error
    yield _end_of(key, job, outcome)


def _end_of(key: int, job: Job, outcome: Report | Exception) -> _End:
    """The event for what became of a job; a result is flushed to the disk first."""
    from colorizer.engine import open_colorist  # noqa: PLC0415 (torch is loaded in this process only)

    if isinstance(outcome, Report):
        try:
            sync_file(job.target)
        except OSError as error:
            outcome = error
    if isinstance(outcome, Report):
        return Done(key, outcome, open_colorist(job.settings.colour).weights)
    return end_of_error(key, job, outcome)


class _Reporter:
    """Sends which piece of work the worker is at, and its progress, not too often."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._key = 0
        self._sent_at = 0.0

    def start(self, key: int) -> None:
        self._key = key
        self._connection.send(Started(key))

    def __call__(self, done: int, frames: int) -> None:
        self._tell(Progress(self._key, done, frames))

    def read(self, share: float) -> None:
        """Tell how much of a film is read, before it is coloured."""
        self._tell(Progress(self._key, 0, 0, read=share))

    def _tell(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._sent_at >= _PROGRESS_SECONDS:
            self._sent_at = now
            self._connection.send(progress)


def _on_device(colour: ColourSettings, spec: WorkerSpec) -> ColourSettings:
    """The settings with the device of this worker, if they leave it open."""
    if spec.device is None or colour.device != "auto":
        return colour
    return colour.model_copy(update={"device": spec.device})


def _job_on_device(job: Job, spec: WorkerSpec) -> Job:
    return replace(job, settings=job.settings.model_copy(update={"colour": _on_device(job.settings.colour, spec)}))


def _set_priorities(spec: WorkerSpec) -> None:
    """Let other programs go first: at the processor, at the disk, and when memory runs out."""
    if spec.nice:
        os.nice(spec.nice)
    if sys.platform != "linux":
        return
    if spec.io == "low":
        psutil.Process().ionice(psutil.IOPRIO_CLASS_BE, 7)
    elif spec.io == "idle":
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    score = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        score.write_text(str(min(1000, int(score.read_text()) + _OOM_SCORE)))
