"""Ends of jobs whose disks do not answer: they are kept until these do, so that the main loop waits for no share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from daemon.files.disk_space import DiskSpace
from daemon.jobs.running_job import RunningJob
from daemon.workers import Event, Progress, WeightsLoaded


class DelayedEnds:
    """The events with which jobs end, and the jobs, as long as these run."""

    def __init__(self, disk_space: DiskSpace) -> None:
        self._disk_space = disk_space
        self._kept: list[tuple[RunningJob, Event]] = []

    def ready(self, events: Iterable[Event], running: Mapping[int, RunningJob]) -> Iterator[Event]:
        """The events that can be handled now: kept ones first, but for those of jobs that were stopped meanwhile."""
        kept, self._kept = self._kept, []
        ends = [(job, event) for job, event in kept if running.get(job.record.id) is job]
        for event in events:
            if isinstance(event, WeightsLoaded | Progress):
                yield event
            else:
                ends.append((running[event.key], event))
        folders = {job.folder.input: job.folder for job, _ in ends}
        answering = {place for place, folder in folders.items() if self._disk_space.answers(folder)}
        self._kept = [(job, event) for job, event in ends if job.folder.input not in answering]
        yield from (event for job, event in ends if job.folder.input in answering)
