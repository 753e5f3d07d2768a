"""The frames that were coloured last: in the newest finished segment of each film that runs.

Its grey is the same picture without chroma, for a result has the luma of its original: nothing but a segment is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from daemon.config.settings import Config
from daemon.jobs.workspace import work_path
from daemon.journal.database import JournalError
from daemon.journal.records import JobRecord
from daemon.web.site.reading import reading

_SECONDS = 10.0
"""Seconds between two looks at the work folders."""
_LATE = 3.0
"""Seconds after which a disk counts as one that does not answer."""


class LatestFrames:
    """The newest finished segments of running films, as they were a moment ago."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._known: dict[int, Path] = {}
        self._next = 0.0

    async def segments(self, running: Iterable[JobRecord]) -> dict[int, Path]:
        """The segment of each job that has one, by the job's number."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _SECONDS
            try:
                self._known = await asyncio.wait_for(asyncio.to_thread(self._find, list(running)), _LATE)
            except (OSError, JournalError):  # TimeoutError is an OSError
                self._known = {}
        return self._known

    def segment(self, job: int) -> Path | None:
        """The segment of a job, as it was found last."""
        return self._known.get(job)

    def _find(self, running: list[JobRecord]) -> dict[int, Path]:
        with reading(self._config) as journal:
            journal_id = journal.id
        found: dict[int, Path] = {}
        for job in running:
            folder = self._config.folder_at(job.folder)
            segment = _newest(work_path(job, folder, journal_id)) if folder is not None else None
            if segment is not None:
                found[job.id] = segment
        return found


def _newest(workspace: Path) -> Path | None:
    """The segment that was finished last: its record is written then."""
    records = sorted(workspace.glob("segment-*.json"), key=lambda record: record.stat().st_mtime_ns)
    segment = records[-1].with_suffix(".mkv") if records else None
    return segment if segment is not None and segment.is_file() and not segment.is_symlink() else None
