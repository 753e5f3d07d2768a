"""`tintd colorize`: colour files from the command line, without a service."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import structlog
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from colorizer.durable import make_folder
from colorizer.errors import SettingsError, TintdError
from colorizer.job import Excerpt, Job
from colorizer.photo.formats import detect_kind
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings
from daemon.config.settings import Work
from daemon.files.publisher import candidate_names, publish
from daemon.workers import ColourFiles, Crashed, Done, Failed, Skipped, Vacancy, WorkerPool
from daemon.workers import Progress as FilmProgress

_console = Console(stderr=True, emoji=False, soft_wrap=True)
_DEFAULTS = JobSettings()
_COLOUR, _FILM, _DETECTION = _DEFAULTS.colour, _DEFAULTS.film, _DEFAULTS.detection


@dataclass(frozen=True, slots=True)
class _Order:
    """The options of the command, which hold for every file."""

    folder: Path
    settings: JobSettings
    excerpt: Excerpt | None
    compare: bool
    overwrite: bool
    kept: set[Path]
    """Files that are never replaced: the originals, and the results of this run."""


def colorize(
    files: Annotated[list[Path], typer.Argument(help="Photographs and films.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    *,
    vividness: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="0 (the mean of what is likely) to 1 (vivid).", show_default="auto"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = _COLOUR.device,
    weights: Annotated[
        Path | None, typer.Option(help="Weights file.", show_default="the one that comes with tintd")
    ] = None,
    working_size: Annotated[
        str, typer.Option(help="Short side at which colour is predicted: a number, auto or native.")
    ] = str(_COLOUR.working_size),
    input_: Annotated[
        str, typer.Option("--input", help="auto, or grey: the file is black and white, whatever it looks like.")
    ] = _DETECTION.input,
    coloured: Annotated[
        str, typer.Option(help="What becomes of a file that is in colour already: skip, copy or recolour.")
    ] = _DETECTION.coloured,
    encoder: Annotated[str, typer.Option(help="For films: auto, h264, hevc or ffv1.")] = _FILM.encoder,
    quality: Annotated[
        int, typer.Option(min=0, max=51, help="For films: constant rate factor; 0 is lossless.")
    ] = _FILM.quality,
    speed: Annotated[str, typer.Option(help="For films: preset of the encoder.")] = _FILM.speed,
    steadiness: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="For films: 0 (frame by frame) to 1 (steady).", show_default="auto"),
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="Begin a film here, as [[h:]m:]s.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="Colour so much of a film, as [[h:]m:]s.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Put grey beside colour.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there already.")] = False,
    stall_seconds: Annotated[
        float, typer.Option(min=1, help="Give a file up after so many seconds without progress.")
    ] = Work().stall_seconds,
) -> None:
    """Colour files, without a service. A file that fails does not stop the others; the exit status is then 1."""
    colour: dict[str, object] = {
        "weights": weights.resolve() if weights else "default",
        "device": device,
        "working_size": working_size,
    }
    settings = _settings(
        colour if vividness is None else colour | {"vividness": vividness},
        {
            "encoder": encoder,
            "quality": quality,
            "speed": speed,
            "steadiness": "auto" if steadiness is None else steadiness,
        },
        {"input": input_, "coloured": coloured},
    )
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    order = _Order(output, settings, _excerpt(start, length), compare, overwrite, {file.resolve() for file in files})
    _make_folder(output)
    failures = _colorize_all(files, order, stall_seconds)
    if failures:
        raise typer.Exit(1)


def _colorize_all(files: list[Path], order: _Order, stall_seconds: float) -> int:
    """Colour file after file; returns the number of files that failed."""
    runner = _Runner(order.settings.colour, stall_seconds)
    failures = 0
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Speed(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=_console) as progress:
            for file in files:
                bar = progress.add_task(file.name, total=None)
                failure = _colorize_one(file, order, runner, partial(_advance, progress, bar))
                progress.update(bar, total=1, completed=1, visible=False)
                if failure:
                    failures += 1
                    _console.print(f"{file}: {failure}", style="red", markup=False, highlight=False)
    finally:
        runner.close()
    return failures


def _advance(progress: Progress, bar: TaskID, done: int, frames: int) -> None:
    progress.update(bar, completed=done, total=frames or None)


def _colorize_one(file: Path, order: _Order, runner: _Runner, on_progress: Callable[[int, int], None]) -> str | None:
    """Colour one file; returns what went wrong."""
    if not file.is_file():
        folder = f"a folder; name the files in it ({file}/*), or watch it with `tintd run`"
        return folder if file.is_dir() else "there is no such file"
    try:
        existing = [
            path for path in _likely_names(file, order.folder) if path.exists() and path.resolve() not in order.kept
        ]
        if existing and not order.overwrite:
            return f"{existing[0]} exists already; use --overwrite to replace it"
        workspace = Path(tempfile.mkdtemp(prefix=".tintd-", dir=order.folder))
    except (TintdError, OSError) as error:
        return str(error)
    try:
        job = Job(file.resolve(), workspace / "result", workspace, order.settings, order.excerpt, order.compare)
        match runner.run(job, on_progress):
            case Report() as report:
                path = _publish(file, job, report, order)
                lines = [f"{file} -> {path}", *(f"\n  {note}" for note in report.notes)]
            case Skipped(_, reason):
                lines = [f"{reason}; skipped (--input grey colours it all the same)"]
            case failure:
                return failure
    except OSError as error:
        return str(error)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    _console.print(*lines, markup=False, highlight=False)
    return None


def _publish(file: Path, job: Job, report: Report, order: _Order) -> Path:
    """Give a result the first name that is free, or whose file may be replaced."""
    for path in candidate_names(order.folder, Path(file.name), report.suffix):
        replaces = order.overwrite and os.path.lexists(path) and path.resolve() not in order.kept
        if publish(job.target, path, replaces=replaces):
            order.kept.add(path.resolve())
            return path
    raise FileExistsError(errno.EEXIST, "every name is taken", str(file))


def _likely_names(file: Path, folder: Path) -> list[Path]:
    """Names that an earlier result of this file may have."""
    suffixes = [file.suffix] if detect_kind(file) == "photo" else [file.suffix, ".mp4", ".mkv"]
    return [folder / (file.stem + suffix) for suffix in suffixes]


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder.resolve())
    except OSError as error:
        raise SettingsError(f"--output {folder}: cannot be created: {error.strerror}") from error


class _Runner:
    """Does one job after the other in a pool of one worker."""

    def __init__(self, colour: ColourSettings, stall_seconds: float) -> None:
        self._pool = WorkerPool((colour,), Work(stall_seconds=stall_seconds, idle_seconds=None), all_devices=False)
        self._pool.start()
        self._wait_for_worker()

    def run(self, job: Job, on_progress: Callable[[int, int], None]) -> Report | Skipped | str:
        """Do a job; returns its report, or why the file was skipped, or what went wrong.

        Raises:
            SettingsError: no worker can start.

        """
        self._pool.submit(ColourFiles({0: job}), self._wait_for_worker())
        while True:
            for event in self._pool.events(timeout=1):
                match event:
                    case FilmProgress(_, done, frames):
                        on_progress(done, frames)
                    case Done(_, report):
                        return report
                    case Skipped():
                        return event
                    case Failed(_, _, reason, trace):
                        return f"{reason} (the trace is in {_store(trace)})" if trace else reason
                    case Crashed(_, reason):
                        return reason

    def close(self) -> None:
        self._pool.stop()

    def _wait_for_worker(self) -> Vacancy:
        while not (vacancies := self._pool.vacancies()):
            self._pool.events(timeout=1)
            status = self._pool.status
            reason = status.refusal or (status.start_error if status.is_failing else None)
            if reason is not None:
                raise SettingsError(reason)
        return vacancies[0]


def _store(trace: str) -> Path:
    """Store the trace of an unexpected error where it can be found for a report."""
    descriptor, name = tempfile.mkstemp(prefix="tintd-trace-", suffix=".txt")
    with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
        file.write(trace)
    return Path(name)


class _Speed(ProgressColumn):
    """Frames per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} fps" if task.speed else "")


def _settings(colour: dict[str, object], film: dict[str, object], detection: dict[str, object]) -> JobSettings:
    try:
        return JobSettings.model_validate({"colour": colour, "film": film, "detection": detection})
    except ValidationError as error:
        lines = (f"--{str(found['loc'][1]).replace('_', '-')}: {found['msg']}" for found in error.errors())
        raise SettingsError("; ".join(dict.fromkeys(lines))) from error


def _excerpt(start: str | None, length: str | None) -> Excerpt | None:
    if start is None and length is None:
        return None
    return Excerpt(_seconds(start or "0"), _seconds(length) if length is not None else None)


def _seconds(text: str) -> float:
    """Read [[h:]m:]s."""
    if not re.fullmatch(r"(\d+:){0,2}\d+(\.\d+)?", text):
        raise SettingsError(f"{text}: not a time; write seconds, minutes:seconds or hours:minutes:seconds")
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds
