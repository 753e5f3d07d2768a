"""Colours the files of a command line one after the other, and says what became of each."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from colorizer.disc import is_disc
from colorizer.errors import TintdError
from colorizer.job import Excerpt, Job
from colorizer.originals import named_as_file
from colorizer.photo.formats import detect_kind
from colorizer.report import Report
from colorizer.settings import JobSettings
from daemon.config.settings import Folder
from daemon.files.existing_results import FILM_SUFFIXES
from daemon.files.identity import identify
from daemon.files.publisher import candidate_names, publish
from daemon.files.text import in_words, natural_key, printable
from daemon.watch.file_filter import walk
from daemon.workers import Crashed, Done, Failed, Skipped, events
from daemon.workers.single import SingleWorker

_console = Console(stderr=True, emoji=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Order:
    """The options of the command, which hold for every file."""

    folder: Path
    settings: JobSettings
    excerpt: Excerpt | None
    compare: bool
    overwrite: bool
    kept: set[Path]
    """Files that are never replaced: the originals, and the results of this run."""


@dataclass(frozen=True, slots=True)
class Original:
    """A file to colour."""

    path: Path
    place: Path
    """The path of its result below the folder of results, but for the suffix."""
    is_named: bool
    """Whether a person has named it, or else a folder that contains it."""


def originals_of(files: list[Path], output: Path, sequences: str | None = None) -> Iterator[Original]:
    """The files that are meant; those in folders are the ones that the service would find there, in order.

    Args:
        files: files and folders.
        output: the folder of the results.
        sequences: frames per second of numbered frames, which then are films.

    """
    results = output.resolve()
    for file in files:
        if not file.is_dir() or is_disc(file):
            yield Original(file, Path(named_as_file(file.absolute()).name), is_named=True)
            continue
        folder = Folder(input=file.resolve(), output=results, sequences=sequences)
        found = sorted(
            (path for path in walk(folder, folder.input) if not path.is_relative_to(results)), key=natural_key
        )
        if not found:
            said = printable(f"{file}: there is no file in this folder")
            _console.print(said, style="yellow", markup=False, highlight=False)
        for path in found:
            place = path.relative_to(folder.input)
            named = named_as_file(path)
            below = folder.input if named.is_relative_to(folder.input) else folder.input.parent
            yield Original(file / place, named.relative_to(below), is_named=False)


def colorize_all(originals: list[Original], order: Order, stall_seconds: float) -> int:
    """Colour file after file; returns the number of files that failed.

    Raises:
        SettingsError: the worker cannot start with these settings.

    """
    worker = SingleWorker(order.settings.colour, stall_seconds)
    failures = 0
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), _Speed(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=_console) as progress:
            for number, original in enumerate(originals, start=1):
                counted = f"{number} of {len(originals)}: " if len(originals) > 1 else ""
                named = f"{counted}{printable(original.path.name)}"
                bar = progress.add_task(named, total=None)
                failure = _colorize_one(original, order, worker, partial(_advance, progress, bar, named))
                progress.update(bar, total=1, completed=1, visible=False)
                if failure:
                    failures += 1
                    reason = failure.removeprefix(f"{original.path.name}: ")  # it is part of the path
                    said = printable(f"{original.path}: {reason}")
                    _console.print(said, style="red", markup=False, highlight=False)
    finally:
        worker.close()
    return failures


def _advance(progress: Progress, bar: TaskID, named: str, event: events.Progress) -> None:
    if event.read is None:
        progress.update(bar, description=named, completed=event.done, total=event.frames or None)
    else:
        progress.update(bar, description=f"{named}: reading", completed=event.read, total=1)


def _colorize_one(
    original: Original, order: Order, worker: SingleWorker, on_progress: Callable[[events.Progress], None]
) -> str | None:
    """Colour one file; returns what went wrong."""
    if identify(original.path) is None:
        return "there is no such file"
    try:
        existing = _existing_result(original, order)
        if existing is not None and not order.overwrite:
            return f"{existing} exists already; use --overwrite to replace it"
        with tempfile.TemporaryDirectory(prefix=".tintd-", dir=order.folder, ignore_cleanup_errors=True) as workspace:
            place = Path(workspace)
            source = original.path.parent.resolve() / original.path.name
            job = Job(source, place / "result", place, order.settings, order.excerpt, order.compare)
            return _end(original, job, worker.run(job, on_progress), order)
    except (TintdError, OSError) as error:
        return in_words(error)


def _end(original: Original, job: Job, outcome: Done | Skipped | Failed | Crashed, order: Order) -> str | None:
    """Publish a result, and say so; returns what went wrong."""
    match outcome:
        case Done(_, report):
            path = _publish(original, job, report, order)
            _say(f"{original.path} -> {path}", *(f"  {note}" for note in report.notes))
        case Skipped(_, reason):
            _say(f"{reason}; skipped (--input grey colours it all the same)")
        case Failed(_, "unsupported", reason) if not original.is_named:
            _say(f"{reason}; skipped")
        case Failed(_, _, reason, trace):
            return f"{reason} (the trace is in {_write_trace(trace)})" if trace else reason
        case Crashed(_, reason):
            return reason
    return None


def _say(*lines: str) -> None:
    _console.print("\n".join(map(printable, lines)), markup=False, highlight=False)


def _existing_result(original: Original, order: Order) -> Path | None:
    """A file that an earlier run may have made of this file, and that is none of this run's."""
    names = _likely_names(original, order.folder)
    return next((path for path in names if path.exists() and path.resolve() not in order.kept), None)


def _publish(original: Original, job: Job, report: Report, order: Order) -> Path:
    """Give a result the first name that is free, or whose file may be replaced."""
    for path in candidate_names(order.folder, original.place, report.suffix):
        replaces = order.overwrite and os.path.lexists(path) and path.resolve() not in order.kept
        if publish(job.target, path, replaces=replaces):
            order.kept.add(path.resolve())
            return path
    raise FileExistsError(errno.EEXIST, "every name is taken", str(original.path))


def _likely_names(original: Original, folder: Path) -> list[Path]:
    """Names that an earlier result of this file may have."""
    own = original.place.suffix
    suffixes = [own] if detect_kind(original.path) == "photo" else [own, *FILM_SUFFIXES]
    return [folder / original.place.with_name(original.place.stem + suffix) for suffix in suffixes]


def _write_trace(trace: str) -> Path:
    """Store the trace of an unexpected error where it can be found for a report."""
    descriptor, name = tempfile.mkstemp(prefix="tintd-trace-", suffix=".txt")
    with os.fdopen(descriptor, "w", errors="backslashreplace") as file:
        file.write(trace)
    return Path(name)


class _Speed(ProgressColumn):
    """Frames per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} fps" if task.speed else "")
