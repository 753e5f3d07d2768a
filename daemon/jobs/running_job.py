"""A job that is being done."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.config.settings import Folder
from daemon.journal.records import JobRecord
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
    frames_done: int = 0
    frames: int = 0
    original: JobRecord | None = None
    """A job that is done, and whose file seems to have the same content."""

    @property
    def job(self) -> Job:
        """The job for the worker."""
        return Job(self.record.source, self.workspace / "result", self.workspace, self.folder.job_settings)

    @property
    def coloured(self) -> ColouredFile | None:
        """The file to compare with; None if there is none."""
        if self.original is None:
            return None
        return ColouredFile(self.original.source, self.original.output if self.folder.duplicates == "link" else None)

    @property
    def settings_hash(self) -> str:
        """A short name for everything that was configured about the result."""
        return settings_hash(self.folder.job_settings)

    @property
    def log(self) -> structlog.typing.FilteringBoundLogger:
        """A log that names the job."""
        return log_of(self.record)


def log_of(record: JobRecord) -> structlog.typing.FilteringBoundLogger:
    """A log that names a job."""
    bound: structlog.typing.FilteringBoundLogger = _log.bind(job=record.id, file=str(record.source))
    return bound


def settings_hash(settings: JobSettings) -> str:
    """A short name for settings."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:12]
