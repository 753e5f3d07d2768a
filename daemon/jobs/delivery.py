"""Delivery of a finished result: it gets its name, and what it makes untrue is removed; the original may be moved."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from colorizer.durable import make_folder, sync_folder
from colorizer.errors import ChangedError
from colorizer.originals import is_frames_folder, is_of_many_files, named_as_file
from daemon.config.settings import Folder
from daemon.files.identity import Result, Seen, exists, identify
from daemon.files.publisher import candidate_names, confirm_name, give_name, move_to, remove_notes
from daemon.files.removal import remove_folder
from daemon.files.text import in_words
from daemon.jobs.whole_folder import move_folder, moves_with_folder
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord, ResultMetadata
from daemon.watch.file_filter import DONE

_log = structlog.get_logger()


def deliver(  # noqa: PLR0913, PLR0917 (each is another thing)
    finished: Path,
    suffix: str,
    job: JobRecord,
    folder: Folder,
    journal: Journal,
    metadata: ResultMetadata,
    seen: Seen,
) -> Generator[None, None, Path]:
    """Publish a finished result under the first name that is free, or that an earlier result of the original has.

    The journal learns of each name just before it is tried, so that after a crash the result is known as ours.
    This goes on after a `yield` once the journal is on the disk; other results may be published in the same steps.

    Args:
        finished: the complete temporary file, or folder of frames, in the output folder's file system.
        suffix: the suffix of its format.
        job: its job.
        folder: the watched folder of the original.
        journal: the owners of the names.
        metadata: how the result was made.
        seen: the folders of frames that may be concerned.

    Returns:
        The path of the result.

    Raises:
        ChangedError: the original changed meanwhile; nothing was published.
        OSError: the output folder cannot be written.

    """
    if not is_of_many_files(job.source) and identify(job.source) != job.identity:  # else the worker has looked
        raise ChangedError(f"{job.source.name}: it changed, or is gone")
    identity = seen.identify(finished)
    if identity is None:
        finished.stat()  # says why it is not seen: the disk is away, say
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(finished))
    for path in candidate_names(folder.output, result_path(job, folder), suffix):
        owners = journal.results_at(path)
        if owners and not _is_same_original(owners[0][0], job):
            continue
        replaces = os.path.lexists(path)
        if replaces and not _is_own_result(path, job, journal, seen):
            continue
        journal.announce(job.id, Result(path, identity), metadata)
        yield
        if give_name(finished, path, replaces=replaces):
            yield  # one flush of the folder is for all names that were given
            confirm_name(finished, path)
            remove_stale(job, path, folder, journal, seen)
            return path
    raise FileExistsError(errno.EEXIST, "every name is taken", str(finished))


def remove_stale(job: JobRecord, path: Path, folder: Folder, journal: Journal, seen: Seen) -> None:
    """Remove what a new result has made untrue: the note of a failure, and an earlier result under another name.

    A file that cannot be removed (it is open on a share, or owned by another user) stays.

    Args:
        job: the job, as it was before its result was published.
        path: the path of the result.
        folder: the watched folder of the original.
        journal: the earlier result.
        seen: the earlier result, if it is a folder of frames.

    """
    with _kept_if_not_removable(job):
        remove_notes(folder.output, result_path(job, folder))
    earlier = job.output
    if earlier is None or earlier == path or not earlier.is_relative_to(folder.output):
        return
    with _kept_if_not_removable(job):
        if _is_own_result(earlier, job, journal, seen):
            if is_frames_folder(earlier):
                remove_folder(earlier, folder.output / f".tintd-{journal.id}-{job.id}")
            else:
                earlier.unlink()
            sync_folder(earlier.parent)


def result_folder(job: JobRecord, folder: Folder) -> Path:
    """The folder in which the result of a job will be."""
    return (folder.output / result_path(job, folder)).parent


def leads_out(place: Path, top: Path, folder: Folder) -> bool:
    """Whether a place in a folder lies outside of it because of symbolic links, which are not to be followed."""
    return folder.links != "follow" and not place.resolve().is_relative_to(top.resolve())


def is_unchanged(result: Result, seen: Seen) -> bool:
    """Whether a result is still as it was; a file system may give it another inode when it is mounted again."""
    found, known = seen.identify(result.path), result.identity
    return found is not None and (found.size, found.mtime_ns) == (known.size, known.mtime_ns)


def move_original(job: JobRecord, folder: Folder, journal: Journal, seen: Seen) -> None:
    """Move a finished original to `done/`, if that is configured, it has not changed, and it can be moved.

    An original of many files is not looked at again: the worker, or the scan that has found it, has just done so.
    """
    if folder.original != "move" or original_path(job, folder) != job.path:
        return
    if not is_of_many_files(job.source) and identify(job.source) != job.identity:
        return
    if leads_out(folder.input / DONE / job.path.parent, folder.input, folder):
        reason = f"{DONE} is a link that leads out of the watched folder; `links: follow` permits it"
        _log.warning("the original stays where it is", job=job.id, file=str(job.source), reason=reason)
        return
    try:
        if moves_with_folder(job, folder, seen.beside or ()):
            move_folder(job, folder, journal, seen)
        else:
            _move(job, folder, journal)
    except OSError as error:
        _log.warning("the original stays where it is", job=job.id, file=str(job.source), reason=in_words(error))


def find_moved(job: JobRecord, folder: Folder, journal: Journal) -> None:
    """Note the new path of an original whose service ended between moving it to `done/` and noting that."""
    if exists(job.source):
        return
    for path in candidate_names(folder.input / DONE, job.path, job.path.suffix):
        owner = journal.find(path, folder.input)
        if owner is not None and owner.id != job.id:  # the original of another job: a hard link has the same identity
            continue
        if identify(path) == job.identity:
            journal.relocate(job.id, folder.input, path.relative_to(folder.input))
        elif os.path.lexists(path):
            continue
        return


def _move(job: JobRecord, folder: Folder, journal: Journal) -> None:
    for path in candidate_names(folder.input / DONE, job.path, job.path.suffix):
        owner = journal.find(path, folder.input)
        if owner is not None and owner.id != job.id:  # its original was there once
            continue
        make_folder(path.parent)
        if move_to(job.source, path):
            sync_folder(job.source.parent)  # an old name that a power cut brought back would be a new file
            journal.relocate(job.id, folder.input, path.relative_to(folder.input))
            return


@contextmanager
def _kept_if_not_removable(job: JobRecord) -> Iterator[None]:
    """Log that something cannot be removed, and continue."""
    try:
        yield
    except OSError as error:
        _log.warning("stale file kept", job=job.id, file=str(job.source), reason=in_words(error))


def original_path(job: JobRecord, folder: Folder) -> Path:
    """The path of an original in its folder before it was moved to `done/`."""
    moved = folder.original == "move" and job.path.parts[0] == DONE and len(job.path.parts) > 1
    return Path(*job.path.parts[1:]) if moved else job.path


def result_path(job: JobRecord, folder: Folder) -> Path:
    """The path that a result has in the output folder, but for the suffix of its format."""
    return named_as_file(original_path(job, folder))


def _is_own_result(path: Path, job: JobRecord, journal: Journal, seen: Seen) -> bool:
    """Whether a file is an earlier result of the same original, and unchanged."""
    return any(_is_same_original(one, job) and is_unchanged(result, seen) for one, result in journal.results_at(path))


def _is_same_original(one: JobRecord, other: JobRecord) -> bool:
    return os.fspath(one.source) == os.fspath(other.source)
