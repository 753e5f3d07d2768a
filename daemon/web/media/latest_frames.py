"""The frames that were coloured last: in the newest finished segment of each film that runs.

Its grey is the same picture without chroma, for a result has the luma of its original: nothing but a segment is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from colorizer.photo.formats import is_named_as_photo
from daemon.config.settings import Config
from daemon.jobs.workspace import work_path
from daemon.journal.records import JobRecord
from daemon.web.media.disks import Disks

_SECONDS = 10.0
"""Seconds between two looks at the work folders."""


class LatestFrames:
    """The newest finished segments of running films, as they were a moment ago."""

    def __init__(self, config: Config, disks: Disks) -> None:
        self._config = config
        self._disks = disks
        self._known: dict[int, Path] = {}
        """Segments, by the numbers of their jobs."""
        self._next = 0.0

    async def segments(self, running: Iterable[JobRecord], journal_id: str) -> dict[int, Path]:
        """The segment of each job that has one, by the job's number; `journal_id` is that of the jobs' journal."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS
            films = [job for job in running if not is_named_as_photo(job.path)]
            found = await asyncio.gather(*(self._newest(job, journal_id) for job in films))
            self._known = {job.id: segment for job, segment in zip(films, found, strict=True) if segment is not None}
        return self._known

    def segment(self, job: int) -> Path | None:
        """The segment of a job, as it was found last."""
        return self._known.get(job)

    async def _newest(self, job: JobRecord, journal_id: str) -> Path | None:
        folder = self._config.folder_at(job.folder)
        if folder is None:
            return None
        try:
            return await self._disks.ask(folder.output, partial(_newest, work_path(job, folder, journal_id)))
        except OSError:  # TimeoutError is one
            return None


def _newest(workspace: Path) -> Path | None:
    """The segment that was finished last: its record is written then."""
    records = sorted(workspace.glob("segment-*.json"), key=lambda record: record.stat().st_mtime_ns)
    segment = records[-1].with_suffix(".mkv") if records else None
    return segment if segment is not None and segment.is_file() and not segment.is_symlink() else None
