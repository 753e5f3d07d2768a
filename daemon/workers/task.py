"""A job that a worker has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.config.settings import Folder
from daemon.journal.records import Entry
from daemon.workers.duplicate_check import Twin

_log = structlog.get_logger()


@dataclass(slots=True)
class Task:
    """The job, and how far it is."""

    entry: Entry
    folder: Folder
    """As it was configured when the job was begun."""
    workspace: Path
    begun: float
    """By the monotonic clock."""
    frames_done: int = 0
    frames: int = 0
    twin: Entry | None = None
    """One that is done, of which this seems to be a duplicate."""

    @property
    def job(self) -> Job:
        """What the worker is given."""
        return Job(self.entry.source, self.workspace / "result", self.workspace, self.folder.job_settings)

    @property
    def order(self) -> Twin | None:
        """What the worker is given about the twin."""
        if self.twin is None:
            return None
        return Twin(self.twin.source, self.twin.output if self.folder.duplicates == "link" else None)

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
