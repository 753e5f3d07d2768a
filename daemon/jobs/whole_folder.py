"""Films of many files move to `done/` with their whole folder, when nothing in it is left to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import structlog

from colorizer.disc import is_named_as_disc
from colorizer.durable import make_folder, sync_folder
from colorizer.frame_sequence import is_sequence, sound_of
from colorizer.originals import is_of_many_files
from daemon.config.settings import Folder
from daemon.files.identity import Seen
from daemon.files.publisher import move_to
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord
from daemon.journal.states import State
from daemon.watch.file_filter import DONE, walk

_log = structlog.get_logger()
_LEFT: frozenset[State] = frozenset({"done", "skipped"})
"""The states of originals that may move: one that has failed stays where people look for it."""


def moving_folder(job: JobRecord, folder: Folder) -> Path | None:
    """The folder with which an original may move, as the files in it have to show; None where it moves alone."""
    is_in_folder = folder.sequences is not None and bool(job.path.parent.name)
    may_move = folder.original == "move" and (is_in_folder or is_of_many_files(job.source))
    return folder.input / _folder_of(job) if may_move else None


def look_through(place: Path, folder: Folder) -> tuple[tuple[Path, ...], Mapping[Path, int]]:
    """The originals in a folder that may move, and when it and each folder in it had changed before."""
    changed: dict[Path, int] = {}
    found = tuple(walk(folder, place, lambda here, state: changed.update({here: state.st_mtime_ns})))
    return found, changed


def moves_with_folder(job: JobRecord, folder: Folder, beside: Sequence[Path]) -> bool:
    """Whether an original moves with its folder: a film of many files, and what lies beside the frames of one."""
    if folder.sequences is None or not job.path.parent.name:
        return is_of_many_files(job.source)
    return is_of_many_files(job.source) or any(map(is_sequence, beside))


def move_folder(job: JobRecord, folder: Folder, journal: Journal, seen: Seen) -> None:
    """Move the folder of a sequence and all that lies in it, or the folder of a disc, and note where all is now.

    Raises:
        OSError: it cannot be moved.

    """
    moved = _folder_of(job)
    if not moved.name:
        reason = "its frames lie in the watched folder itself; in a folder of their own they would be moved"
        _log.warning("the original stays where it is", job=job.id, file=str(job.source), reason=reason)
        return
    inside = list(_finished(job, folder, journal, seen))
    if None in inside or any(place.stat().st_mtime_ns != before for place, before in seen.changed.items()):
        return  # another file may have come: a later scan finds out
    sounds = [sound_of(one.source) for one in inside if one is not None and is_sequence(one.source)]
    target = next(path for path in _names(folder.input / DONE / moved) if not os.path.lexists(path))
    make_folder(target.parent)
    (folder.input / moved).rename(target)
    sync_folder(target.parent)
    sync_folder((folder.input / moved).parent)  # an old name that a power cut brought back would be a new film
    for sound in sounds:
        if sound is not None and sound.parent == (folder.input / moved).parent:
            move_to(sound, target.parent / sound.name)
    for one in inside:
        if one is not None:
            path = target / one.path.relative_to(moved)
            journal.relocate(one.id, folder.input, path.relative_to(folder.input))


def _folder_of(job: JobRecord) -> Path:
    """The folder that moves, in the watched one."""
    return job.path if is_named_as_disc(job.path) else job.path.parent


def _finished(moving: JobRecord, folder: Folder, journal: Journal, seen: Seen) -> Iterator[JobRecord | None]:
    """The job of each original in a folder; None for one that is not finished. The one that moves is as it was."""
    for path in seen.beside or ():
        job = journal.find(path, folder.input)
        is_same = job is not None and (job.id == moving.id or job.identity == seen.identify(path))
        yield job if job is not None and job.state in _LEFT and is_same else None


def _names(path: Path) -> Iterator[Path]:
    yield path
    yield from (path.with_name(f"{path.name} ({number})") for number in count(2))
