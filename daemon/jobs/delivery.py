"""Delivery of a finished result: checked against its original once more, published, noted, the original moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from colorizer.durable import make_folder, sync_folder
from daemon.config.settings import Folder
from daemon.files.identity import Result, identify
from daemon.files.publisher import candidate_names, name_first, publish, remove_note
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord, ResultMetadata
from daemon.watch.file_filter import DONE

_log = structlog.get_logger()


class ChangedError(Exception):
    """The original is no longer the file that was coloured."""


def deliver(  # noqa: PLR0913, PLR0917 (each is another thing)
    finished: Path, suffix: str, entry: JobRecord, folder: Folder, journal: Journal, metadata: ResultMetadata
) -> Path:
    """Publish a finished result.

    Args:
        finished: the complete temporary file, in the output folder's file system.
        suffix: of its format.
        entry: its job.
        folder: the watched folder of the original.
        journal: knows whose the names are.
        metadata: how the result was made.

    Returns:
        Where the result lies now.

    Raises:
        ChangedError: the original changed meanwhile; nothing was published.
        OSError: the output folder cannot be written.

    """
    if identify(entry.source) != entry.identity:
        raise ChangedError(entry.source)

    def free_names() -> Iterator[Path]:
        for name in candidate_names(folder.output, _home(entry, folder), suffix):
            known = journal.results_at(name)
            if not known or _is_same_original(known[0][0], entry):
                yield name

    path = publish(
        finished,
        free_names(),
        may_replace=lambda name: _is_own_result(name, entry, journal),
        announce=lambda result: journal.announce(entry.id, result, metadata),
    )
    clear_away(entry, path, folder, journal)
    return path


def clear_away(entry: JobRecord, path: Path, folder: Folder, journal: Journal) -> None:
    """Remove what a new result has made untrue: the note of a failure, and an earlier result under another name.

    Where one cannot be removed (it is open on a share, or somebody's who may not be robbed), it stays.

    Args:
        entry: the job, as it was before its result was published.
        path: of the result.
        folder: the watched folder of the original.
        journal: knows what the earlier result was.

    """
    with _if_possible(entry):
        remove_note(folder.output, _home(entry, folder))
    earlier = entry.output
    if earlier is None or earlier == path or not earlier.is_relative_to(folder.output):
        return
    with _if_possible(entry):
        if _is_own_result(earlier, entry, journal):
            earlier.unlink()
            sync_folder(earlier.parent)


def result_folder(entry: JobRecord, folder: Folder) -> Path:
    """Where the result of a job will lie."""
    return (folder.output / _home(entry, folder)).parent


def is_unchanged(result: Result) -> bool:
    """Whether a result is still as it was; a file system may give it another inode when it is mounted anew."""
    found, known = identify(result.path), result.identity
    return found is not None and (found.size, found.mtime_ns) == (known.size, known.mtime_ns)


def move_original(entry: JobRecord, folder: Folder, journal: Journal) -> None:
    """Move a finished original to `done/`, where that is configured, it is still what it was, and it can be moved."""
    if folder.original != "move" or _home(entry, folder) != entry.path or identify(entry.source) != entry.identity:
        return
    try:
        _move(entry, folder, journal)
    except OSError as error:
        _log.warning("the original stays where it is", job=entry.id, file=str(entry.source), reason=str(error))


def find_moved(entry: JobRecord, folder: Folder, journal: Journal) -> None:
    """Note where an original lies whose service ended between moving it to `done/` and noting it."""
    if os.path.lexists(entry.source):
        return
    for name in candidate_names(folder.input / DONE, entry.path, entry.path.suffix):
        if identify(name) == entry.identity:
            journal.relocate(entry.id, folder.input, name.relative_to(folder.input))
        elif os.path.lexists(name):
            continue
        return


def _move(entry: JobRecord, folder: Folder, journal: Journal) -> None:
    for name in candidate_names(folder.input / DONE, entry.path, entry.path.suffix):
        holder = journal.find(name, folder.input)
        if holder is not None and holder.id != entry.id:  # its original lay there once
            continue
        make_folder(name.parent)
        if name_first(entry.source, name):
            sync_folder(entry.source.parent)  # an old name that a power cut brought back would be a new file
            journal.relocate(entry.id, folder.input, name.relative_to(folder.input))
            return


@contextmanager
def _if_possible(entry: JobRecord) -> Iterator[None]:
    """Go on where something cannot be removed, and say so."""
    try:
        yield
    except OSError as error:
        _log.warning("stale file kept", job=entry.id, file=str(entry.source), reason=str(error))


def _home(entry: JobRecord, folder: Folder) -> Path:
    """Where an original lay in its folder before it was moved to `done/`."""
    moved = folder.original == "move" and entry.path.parts[0] == DONE
    return Path(*entry.path.parts[1:]) if moved else entry.path


def _is_own_result(name: Path, entry: JobRecord, journal: Journal) -> bool:
    """Whether a file is an earlier result of the same original, untouched since."""
    return any(_is_same_original(one, entry) and is_unchanged(result) for one, result in journal.results_at(name))


def _is_same_original(one: JobRecord, other: JobRecord) -> bool:
    return os.fspath(one.source) == os.fspath(other.source)
