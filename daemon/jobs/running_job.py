"""A job that is being done."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.config.settings import Folder
from daemon.journal.records import Entry
from daemon.workers import ColouredFile

_log = structlog.get_logger()


@dataclass(slots=True)
class RunningJob:
    """The job, and its position."""

    entry: Entry
    folder: Folder
    """The watched folder, as it was configured when the job was started."""
    workspace: Path
    started_at: float
    """By the monotonic clock."""
    frames_done: int = 0
    frames: int = 0
    original: Entry | None = None
    """A job that is done, and whose file seems to have the same content."""

    @property
    def job(self) -> Job:
        """The job for the worker."""
        return Job(self.entry.source, self.workspace / "result", self.workspace, self.folder.job_settings)

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
        bound: structlog.typing.FilteringBoundLogger = _log.bind(job=self.entry.id, file=str(self.entry.source))
        return bound


def settings_hash(settings: JobSettings) -> str:
    """A short name for settings."""
    return hashlib.sha256(settings.model_dump_json().encode()).hexdigest()[:12]
