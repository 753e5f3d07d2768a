"""Say of an error that ended a job what went wrong, for the person who owns the file."""

from __future__ import annotations

import os
import traceback

from colorizer.durable import UNWRITABLE
from colorizer.errors import ChangedError, InColourError, TintdError, TruncatedError, UnsupportedError, one_line
from colorizer.job import Job
from colorizer.photo.formats import detect_format
from daemon.workers.events import Failed, FailureKind, Skipped

_KINDS: dict[type[TintdError], FailureKind] = {
    UnsupportedError: "unsupported",
    TruncatedError: "truncated",
    ChangedError: "changed",
}


def end_of_error(key: int, job: Job, error: Exception) -> Failed | Skipped:
    """The event for a job that an error ended.

    The reason of an error that is not foreseen names the file and its kind, and asks to report it. Whoever stores the
    trace adds its place.
    """
    if isinstance(error, InColourError):
        return Skipped(key, str(error))
    if isinstance(error, TintdError):
        kind: FailureKind = next((kind for cause, kind in _KINDS.items() if isinstance(error, cause)), "failed")
        return Failed(key, kind, str(error))
    if isinstance(error, OSError) and error.errno:
        return Failed(key, "unwritten" if error.errno in UNWRITABLE else "failed", _system_said(job, error))
    if isinstance(error, MemoryError):
        return Failed(key, "failed", f"{job.source.name}: there was not enough memory for this {_kind_of(job)}")
    sentence = f"tintd met something that it does not know in this {_kind_of(job)}: please report it"
    return Failed(key, "failed", f"{job.source.name}: {sentence}", "".join(traceback.format_exception(error)))


def _system_said(job: Job, error: OSError) -> str:
    """What the system said, and about which file, if it is not the original."""
    said = one_line(error.strerror or os.strerror(error.errno or 0))
    about = error.filename
    if about is None or os.fspath(about) == os.fspath(job.source):
        return f"{job.source.name}: {said}"
    return f"{job.source.name}: {said}: {one_line(str(about))}"


def _kind_of(job: Job) -> str:
    try:
        photo_format = detect_format(job.source)
    except (TintdError, OSError):
        return "file"
    return f"photograph ({photo_format.title})" if photo_format else "film"
