"""A twin: an original that seems to have the same content as another, which has been coloured. For the worker."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from colorizer.copying import copy_file
from colorizer.durable import sync_file
from colorizer.job import Job

_CHUNK = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True, slots=True)
class Twin:
    """The one that has been coloured."""

    original: Path
    result: Path | None
    """What is used again; None where the duplicate gets no result."""

    def serves(self, job: Job, progress: Callable[[int, int], None]) -> bool:
        """Whether the job's original is a duplicate; where a result is wanted, it then lies at the job's target.

        Args:
            job: of the duplicate.
            progress: told while files are read or copied.

        """
        try:
            if not is_same_content(job.source, self.original, progress):
                return False
            if self.result is not None:
                _use_again(self.result, job, progress)
        except OSError:  # one of them has gone, or cannot be read: then colouring tells
            return False
        return True


def is_same_content(one: Path, other: Path, progress: Callable[[int, int], None]) -> bool:
    """Compare two files, byte by byte."""
    with one.open("rb") as first, other.open("rb") as second:
        while part := first.read(_CHUNK):
            if part != second.read(_CHUNK):
                return False
            progress(0, 0)
        return not second.read(1)


def _use_again(result: Path, job: Job, progress: Callable[[int, int], None]) -> None:
    """Link a result, or, where the file system has no links or is another one, copy it."""
    job.target.unlink(missing_ok=True)
    try:
        os.link(result, job.target)
    except OSError:
        copy_file(result, job.target, partial(progress, 0, 0))
        original = job.source.stat()
        os.utime(job.target, ns=(original.st_atime_ns, original.st_mtime_ns))
        sync_file(job.target)
