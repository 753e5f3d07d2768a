"""The dispatcher: starts the jobs that are due on vacant workers, and sees each to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from colorizer.settings import ColourSettings
from daemon.config.pause import Pause, reasons
from daemon.config.settings import Config
from daemon.files.disk_space import DiskSpace
from daemon.files.identity import Seen
from daemon.jobs.assignment import Assignment
from daemon.jobs.delayed_ends import DelayedEnds
from daemon.jobs.looks import Looks
from daemon.jobs.outcomes import Outcomes
from daemon.jobs.running_job import RunningJob
from daemon.jobs.workspace import leave
from daemon.journal import requests
from daemon.journal.job_log import LogLine
from daemon.journal.journal import Journal
from daemon.runtime.log import take_entries
from daemon.workers import (
    CheckDuplicate,
    ColourFiles,
    Crashed,
    Done,
    Event,
    Executor,
    Failed,
    Interrupted,
    IsDuplicate,
    Progress,
    Skipped,
    Task,
    Vacancy,
    WeightsLoaded,
)

_PROGRESS_SECONDS = 5.0
"""Seconds between two times at which the progress of films is written to the journal."""

_log = structlog.get_logger()


class Dispatcher:
    """The jobs that the executor has."""

    def __init__(self, config: Config, journal: Journal, executor: Executor) -> None:
        self._journal = journal
        self._executor = executor
        self._running: dict[int, RunningJob] = {}
        """The jobs that the executor has, by their numbers in the journal."""
        self._endings: list[tuple[RunningJob, Iterator[None]]] = []
        """The ends of jobs that have results, which come together."""
        self._weights: dict[ColourSettings, str] = {}
        """The hash of the weights for each of the colour settings."""
        self._next_progress = 0.0
        self.pauses: tuple[Pause, ...] = ()
        """The disks that keep jobs of some folders, or all, from being started."""
        self.closed: frozenset[Path] = frozenset()
        """The watched folders whose jobs wait for a disk."""
        self._disk_space = DiskSpace(config)
        self._delayed = DelayedEnds(self._disk_space)
        self._looks = Looks()
        self._configure(config)

    @property
    def running(self) -> Mapping[int, RunningJob]:
        """The jobs that the executor has, by their numbers in the journal."""
        return self._running

    def reconfigure(self, config: Config) -> None:
        """Apply a new configuration; running jobs finish with the old one."""
        self._disk_space.reconfigure(config)
        self._configure(config)
        self._executor.reconfigure(config)

    def start_jobs(self) -> None:
        """Give each vacant worker the jobs that come next; bring parked workers back if a job is due."""
        vacancies, is_parked = self._executor.vacancies(), self._executor.status.is_parked
        if vacancies or is_parked:
            self._check_disks()
        for vacancy in vacancies:
            self._fill(vacancy)
        if is_parked and self._has_due_job():
            self._executor.start()

    def stop_superseded(self) -> None:
        """Stop films whose files have changed: their results would be dropped. Photographs end soon by themselves."""
        stopped = [self._running.pop(number) for number in self._journal.superseded_films(self._running)]
        if stopped:
            self._executor.cancel([job.record.id for job in stopped])
        for job in stopped:
            self._outcomes.superseded(job)

    def handle_all(self, events: Iterable[Event]) -> None:
        """Handle what the executor reports, and publish the results whose folders have been looked at."""
        for event in self._delayed.ready(events, self._running):
            self._handle(event)
        self._looks.finish()
        endings, self._endings = self._endings, []
        self._outcomes.end_together(endings)

    def _handle(self, event: Event) -> None:
        """Handle one event."""
        match event:
            case WeightsLoaded(hashes):
                self._weights |= hashes
            case Progress(number, done, frames, resumed, read):
                self._running[number].note_progress(done, frames, resumed, read)
            case Done(number, report, weights):
                self._publish(number, lambda job, seen: self._outcomes.done(job, report, weights, seen))
            case IsDuplicate(number):
                self._publish(number, self._outcomes.duplicate)
            case Skipped(number, reason):
                self._outcomes.failed(self._running.pop(number), "unsupported", reason)
            case Failed(number, kind, reason, trace):
                job = self._running.pop(number)
                if trace:
                    job.log.error("unexpected error", trace=trace)
                    reason = f"{reason} (the trace is in tintd's log, at `unexpected error`)"
                self._outcomes.failed(job, kind, reason)
            case Crashed(number, reason, signal, is_stopped):
                job = self._running.pop(number)
                reason = f"{job.record.path.name}: {reason}"
                self._outcomes.crashed(job, reason, signal, outcome="stopped" if is_stopped else "crashed")
            case Interrupted(number):
                self._outcomes.put_back(self._running.pop(number))

    def _publish(self, number: int, publish: Callable[[RunningJob, Seen], Iterator[None]]) -> None:
        job = self._running[number]

        def end(seen: Seen) -> None:
            if self._running.get(number) is job:  # it was not cancelled meanwhile
                self._endings.append((job, publish(self._running.pop(number), seen)))

        self._looks.before(end, job.record, job.folder, (job.result, job.record.output))

    def write_progress(self) -> None:
        """Write to the journal what was logged about jobs and, every few seconds, the progress of films."""
        self._write_log()
        now = time.monotonic()
        if now >= self._next_progress:
            self._next_progress = now + _PROGRESS_SECONDS
            films = {number: job for number, job in self._running.items() if job.frames_done or job.read is not None}
            self._journal.note_progress(
                {number: (job.frames_done, job.frames, job.read) for number, job in films.items()}
            )

    def put_back(self) -> None:
        """Stop all running jobs, and let them wait again."""
        self._executor.cancel(list(self._running))
        for number in list(self._running):
            self._outcomes.put_back(self._running.pop(number))
        self._write_log()

    def abandon(self) -> None:
        """Stop all running jobs while the journal cannot be written; it is told when it can (see recovery.py)."""
        self._executor.cancel(list(self._running))
        self._running.clear()
        self._endings.clear()

    def cancel(self, pattern: str) -> list[int]:
        """Give up the jobs that a pattern means, also those that run; returns their numbers."""
        cancelled = requests.cancel(self._journal, pattern, time.time())
        stopped = [self._running.pop(number) for number in cancelled if number in self._running]
        self._executor.cancel([job.record.id for job in stopped])
        for job in stopped:
            self._outcomes.cancelled(job)
        return cancelled

    def _write_log(self) -> None:
        entries = take_entries()
        if entries:
            self._journal.job_log.add((entry["job"], LogLine.of_entry(at, entry)) for at, entry in entries)

    def _configure(self, config: Config) -> None:
        self._config = config
        self._outcomes = Outcomes(config, self._journal, self._disk_space)
        self._assignment = Assignment(config, self._journal, self._outcomes, self._weights)

    def _check_disks(self) -> None:
        """Close the folders whose results have no disk space, and those that may be a mount that is away."""
        states = {folder.input: self._disk_space.state(folder) for folder in self._config.folders}
        blocked = [state.blocked_reason for state in states.values()]
        since = min((pause.since for pause in self.pauses), default=time.time())
        pauses = tuple(Pause("disk", reason, since) for reason in dict.fromkeys(blocked) if reason)
        if bool(pauses) != bool(self.pauses):
            _log.warning("paused" if pauses else "resumed", reason=reasons(pauses))
        self.pauses = pauses
        self.closed = frozenset(
            place for place, state in states.items() if state.blocked_reason or not state.is_present
        )

    def _fill(self, vacancy: Vacancy) -> None:
        """Give a worker a task."""
        jobs: list[RunningJob] = []
        try:
            with self._journal.together():
                jobs.extend(self._assignment.started(vacancy, self.closed))
        except OSError:  # too many open files, say: no job has been started
            for job in jobs:
                leave(job.workspace)
            raise
        if jobs:
            self._running |= {job.record.id: job for job in jobs}
            self._executor.submit(_task_of(jobs), vacancy)

    def _has_due_job(self) -> bool:
        """Whether a job is due that may be started."""
        due = self._journal.next_due()
        return due is not None and due <= time.time() and len(self.closed) < len(self._config.folders)


def _task_of(jobs: Sequence[RunningJob]) -> Task:
    """The task in which jobs are done together."""
    first = jobs[0]
    if first.coloured is not None:
        return CheckDuplicate(first.record.id, first.job, first.coloured)
    return ColourFiles({job.record.id: job.job for job in jobs})
