"""`tintd colorize`: files from the command line, with no service."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from colorizer.durable import make_folder
from colorizer.errors import SettingsError, TintdError
from colorizer.job import Excerpt, Job
from colorizer.photo.formats import kind_of
from colorizer.report import Report
from colorizer.settings import ColourSettings, JobSettings
from daemon.files.publisher import candidate_names, publish
from daemon.workers.messages import Died, Done, Failed, LeftAlone, Outfit, Ready, Unfit
from daemon.workers.messages import Progress as Told
from daemon.workers.worker import Worker

_console = Console(stderr=True, emoji=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class _Order:
    """What was asked for, for every file."""

    folder: Path
    settings: JobSettings
    excerpt: Excerpt | None
    compare: bool
    overwrite: bool
    spared: set[Path]
    """What is never replaced: the files that were asked for, and the results of this run."""


def colorize(
    files: Annotated[list[Path], typer.Argument(help="Photographs and films.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    *,
    vividness: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="0 (the mean of what is likely) to 1 (vivid).", show_default="auto"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    weights: Annotated[
        Path | None, typer.Option(help="Weights file.", show_default="the one that comes with tintd")
    ] = None,
    working_size: Annotated[
        str, typer.Option(help="Short side at which colour is predicted: a number, auto or native.")
    ] = "auto",
    input_: Annotated[
        str, typer.Option("--input", help="auto, or grey: the file is black and white, whatever it looks like.")
    ] = "auto",
    coloured: Annotated[
        str, typer.Option(help="What becomes of a file that is in colour already: skip, copy or recolour.")
    ] = "skip",
    encoder: Annotated[str, typer.Option(help="For films: auto, h264, hevc or ffv1.")] = "auto",
    quality: Annotated[int, typer.Option(min=0, max=51, help="For films: constant rate factor; 0 is lossless.")] = 18,
    speed: Annotated[str, typer.Option(help="For films: preset of the encoder.")] = "fast",
    start: Annotated[str | None, typer.Option("--from", help="Begin a film here, as [[h:]m:]s.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="Colour so much of a film, as [[h:]m:]s.")] = None,
    compare: Annotated[bool, typer.Option("--compare", help="Put grey beside colour.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results that are there already.")] = False,
) -> None:
    """Colour files, without a service. Goes on after a bad file, and exits with 1 if there was one."""
    colour: dict[str, object] = {
        "weights": weights.resolve() if weights else "default",
        "device": device,
        "working_size": working_size,
    }
    settings = _settings(
        colour if vividness is None else colour | {"vividness": vividness},
        {"encoder": encoder, "quality": quality, "speed": speed},
        {"input": input_, "coloured": coloured},
    )
    order = _Order(output, settings, _excerpt(start, length), compare, overwrite, {file.resolve() for file in files})
    _make_folder(output)
    failures = _colorize_all(files, order)
    if failures:
        raise typer.Exit(1)


def _colorize_all(files: list[Path], order: _Order) -> int:
    """Colour file after file; returns how many could not be."""
    bench = _Bench(order.settings.colour)
    failures = 0
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Speed(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=_console) as progress:
            for file in files:
                task = progress.add_task(file.name, total=None)
                trouble = _colorize_one(file, order, bench, progress, task)
                progress.update(task, total=1, completed=1, visible=False)
                if trouble:
                    failures += 1
                    _console.print(f"{file}: {trouble}", style="red", markup=False, highlight=False)
    finally:
        bench.close()
    return failures


def _colorize_one(file: Path, order: _Order, bench: _Bench, progress: Progress, task: TaskID) -> str | None:
    """Colour one file; returns what was wrong."""
    if not file.is_file():
        folder = f"a folder; name the files in it ({file}/*), or have it watched by `tintd run`"
        return folder if file.is_dir() else "there is no such file"
    try:
        there = [
            path for path in _likely_names(file, order.folder) if path.exists() and path.resolve() not in order.spared
        ]
        if there and not order.overwrite:
            return f"{there[0]} exists already; use --overwrite to replace it"
        workspace = Path(tempfile.mkdtemp(prefix=".tintd-", dir=order.folder))
    except (TintdError, OSError) as error:
        return str(error)
    try:
        job = Job(file.resolve(), workspace / "result", workspace, order.settings, order.excerpt, order.compare)
        match bench.do(job, progress, task):
            case Report() as report:
                path = _publish(file, job, report, order)
                says = [f"{file} -> {path}", *(f"\n  {note}" for note in report.notes)]
            case LeftAlone(_, reason):
                says = [f"{reason}; left alone (--input grey colours it anew)"]
            case trouble:
                return trouble
    except OSError as error:
        return str(error)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    _console.print(*says, markup=False, highlight=False)
    return None


def _publish(file: Path, job: Job, report: Report, order: _Order) -> Path:
    names = candidate_names(order.folder, Path(file.name), report.suffix)
    path = publish(job.target, names, lambda name: _may_replace(name, order), lambda _result: None)
    order.spared.add(path.resolve())
    return path


def _may_replace(name: Path, order: _Order) -> bool:
    return order.overwrite and name.resolve() not in order.spared


def _likely_names(file: Path, folder: Path) -> list[Path]:
    """What an earlier result of this file would be called."""
    suffixes = [file.suffix] if kind_of(file) == "photo" else [file.suffix, ".mp4", ".mkv"]
    return [folder / (file.stem + suffix) for suffix in suffixes]


def _make_folder(folder: Path) -> None:
    try:
        make_folder(folder.resolve())
    except OSError as error:
        raise SettingsError(f"--output {folder}: cannot be made: {error.strerror}") from error


class _Bench:
    """A worker that is replaced when it dies."""

    def __init__(self, colour: ColourSettings) -> None:
        self._colour = colour
        self._worker = self._hire()

    def do(self, job: Job, progress: Progress, task: TaskID) -> Report | LeftAlone | str:
        """Have a job done; returns what became of it, or what was wrong."""
        self._worker.give([job])
        while True:
            message = self._worker.listen(timeout=1)
            match message:
                case Told(_, done, frames):
                    progress.update(task, completed=done, total=frames or None)
                case Done(_, report):
                    return report
                case LeftAlone():
                    return message
                case Failed(_, _, reason):
                    return reason
                case Died(reason):
                    self._worker = self._hire()
                    return reason

    def close(self) -> None:
        self._worker.stop()

    def _hire(self) -> Worker:
        worker = Worker(Outfit((self._colour,)))
        while True:
            match worker.listen(timeout=1):
                case Ready():
                    return worker
                case Unfit(reason) | Died(reason):
                    raise SettingsError(reason)


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
