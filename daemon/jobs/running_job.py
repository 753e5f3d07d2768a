"""A job that is being done."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from colorizer.job import Job
from colorizer.originals import OriginalState, is_frames_folder, is_of_many_files
from colorizer.settings import JobSettings
from daemon.config.settings import Folder
from daemon.files.identity import Identity
from daemon.jobs.speed import Speed
from daemon.jobs.workspace import new_result
from daemon.journal.records import JobRecord
from daemon.runtime.progress import JobProgress
from daemon.workers import ColouredFile

_log = structlog.get_logger()


@dataclass(slots=True)
class RunningJob:
    """A job of the journal with all that belongs to its present attempt."""

    record: JobRecord
    """The job as it was when the attempt began."""
    folder: Folder
    """The watched folder, as it was configured when the attempt began."""
    workspace: Path
    started_at: float
    """The start of the attempt, by the monotonic clock."""
    worker: str = ""
    """Name of the worker that has it."""
    frames_done: int = 0
    frames: int = 0
    read: float | None = None
    """See `JobProgress.read`."""
    speed: Speed = field(default_factory=Speed)
    original: JobRecord | None = None
    """A job that is done, and whose file seems to have the same content."""
    known: Identity | None = None
    """The identity of its result."""
    result: Path = field(init=False)
    """The file of the result, in the workspace."""
    file: str = field(init=False)
    """Path of the original, for people."""

    def __post_init__(self) -> None:
        self.result = new_result(self.workspace)
        self.file = str(self.record.source)

    def note_progress(self, done: int, frames: int, resumed: int = 0, read: float | None = None) -> None:
        """Note that so many frames of a film, of so many in all, are done; some of them by an earlier attempt."""
        self.frames_done, self.frames, self.read = done, frames, read
        self.speed.note(done - resumed, time.monotonic())

    @property
    def progress(self) -> JobProgress:
        """How far the job is now."""
        return JobProgress(
            job=self.record.id,
            file=self.file,
            worker=self.worker,
            frames_done=self.frames_done,
            frames=self.frames,
            frames_per_second=self.speed.frames_per_second,
            read=self.read,
        )

    @property
    def job(self) -> Job:
        """The job for the worker."""
        source = self.record.source
        state = _state_of(self.record.identity) if is_of_many_files(source) else None
        return Job(source, self.result, self.workspace, self.folder.job_settings, original=state)

    @property
    def coloured(self) -> ColouredFile | None:
        """The file to compare with; None if there is none."""
        if self.original is None:
            return None
        source, output = self.original.source, self.original.output
        known = {source: _state_of(self.original.identity)} if is_of_many_files(source) else {}
        if output is not None and self.known is not None and is_frames_folder(output):
            known[output] = _state_of(self.known)
        return ColouredFile(source, output if self.folder.duplicates == "link" else None, known)

    @property
    def settings_hash(self) -> str:
        """A short name for everything that was configured about the result."""
        return settings_hash(self.folder.job_settings)

    @property
    def log(self) -> structlog.typing.FilteringBoundLogger:
        """A log that names the job."""
        return log_of(self.record)


def _state_of(identity: Identity) -> OriginalState:
    return OriginalState(identity.size, identity.mtime_ns, identity.inode)


def log_of(record: JobRecord) -> structlog.typing.FilteringBoundLogger:
    """A log that names a job."""
    bound: structlog.typing.FilteringBoundLogger = _log.bind(job=record.id, file=str(record.source))
    return bound


def settings_hash(settings: JobSettings) -> str:
    """A short name for settings."""
    return hashlib.sha256(settings.model_dump_json(exclude={"size"}).encode()).hexdigest()[:12]
