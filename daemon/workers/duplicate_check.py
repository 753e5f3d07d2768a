"""The duplicate check: is a file the same as one that has been coloured, so that its result can be used again?"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from colorizer.copying import copy_file
from colorizer.durable import sync_file, sync_folder
from colorizer.job import Job
from colorizer.originals import OriginalState, changed_at, files_of, state_of
from daemon.workers.task import ColouredFile

_CHUNK = 1 << 20
"""Number of bytes read at a time."""


def reuse_result(job: Job, coloured: ColouredFile, on_progress: Callable[[int, int], None]) -> bool:
    """Put the result of a coloured file at the target of a job, if both originals have the same content.

    Args:
        job: the job of the file that may be a duplicate.
        coloured: the file that has been coloured; without a result, nothing is put at the target.
        on_progress: called while files are read or copied.

    Returns:
        Whether the file is a duplicate. False also if one of the files cannot be read: colouring gives the reason.

    """
    try:
        if not all(_is_as_it_was(*one) for one in coloured.known.items()):
            return False
        if not is_same_content(job.source, coloured.original, on_progress):
            return False
        if coloured.result is not None:
            _put_result(coloured.result, job, on_progress)
    except OSError:
        return False
    return True


def _is_as_it_was(path: Path, known: OriginalState) -> bool:
    """Whether there is no other version; a file system may give it another inode when it is mounted again."""
    found = state_of(path)
    return (found.size, found.mtime_ns) == (known.size, known.mtime_ns)


def is_same_content(one: Path, other: Path, on_progress: Callable[[int, int], None]) -> bool:
    """Compare two originals byte by byte.

    Raises:
        OSError: one of them cannot be read.

    """
    files, others = files_of(one), files_of(other)
    return len(files) == len(others) and all(
        _is_same_file(*pair, on_progress) for pair in zip(files, others, strict=True)
    )


def _is_same_file(one: Path, other: Path, on_progress: Callable[[int, int], None]) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        while part := first.read(_CHUNK):
            if part != second.read(_CHUNK):
                return False
            on_progress(0, 0)
        return not second.read(1)


def _put_result(result: Path, job: Job, on_progress: Callable[[int, int], None]) -> None:
    """Link the result, or each file of a folder of frames."""
    changed = changed_at(job.source)
    if not result.is_dir():
        job.target.unlink(missing_ok=True)
        _link_or_copy(result, job.target, changed, on_progress)
        return
    folder = job.target.with_name(f"{job.target.name}-linked")
    folder.mkdir()
    for file in result.iterdir():
        _link_or_copy(file, folder / file.name, changed, on_progress)
    sync_folder(folder)
    folder.rename(job.target)


def _link_or_copy(file: Path, target: Path, changed: int, on_progress: Callable[[int, int], None]) -> None:
    """Link a file; copy it if the file system has no links, or is another one."""
    try:
        os.link(file, target)
    except OSError:
        copy_file(file, target, partial(on_progress, 0, 0))
        os.utime(target, ns=(changed, changed))
        sync_file(target)
