"""A job that a worker has."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from colorizer.job import Job
from colorizer.settings import JobSettings
from daemon.config import Folder
from daemon.entry import Entry

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

    @property
    def settings(self) -> JobSettings:
        """How the file is coloured."""
        folder = self.folder
        return JobSettings(detection=folder.detection, colour=folder.colour, photo=folder.photo, film=folder.film)

    @property
    def job(self) -> Job:
        """What the worker is given."""
        return Job(self.entry.source, self.workspace / "result", self.workspace, self.settings)

    @property
    def settings_hash(self) -> str:
        """A short name for everything that was configured about the result."""
        return hashlib.sha256(self.settings.model_dump_json().encode()).hexdigest()[:12]

    @property
    def log(self) -> structlog.typing.FilteringBoundLogger:
        """A log that names the job."""
        bound: structlog.typing.FilteringBoundLogger = _log.bind(job=self.entry.id, file=str(self.entry.source))
        return bound
