"""The dispatcher: gives jobs to the executor and sees each to its end, whatever the workers report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import structlog

from colorizer.photo.formats import detect_kind
from colorizer.settings import ColourSettings
from daemon.config.pause import Pause, reasons
from daemon.config.settings import Config
from daemon.files.disk_space import Room
from daemon.files.identity import identify
from daemon.files.mounts import is_present
from daemon.jobs.duplicates import AGAIN, find_twin
from daemon.jobs.outcomes import Ending
from daemon.jobs.running_job import RunningJob
from daemon.jobs.workspace import prepare, work_folder
from daemon.journal import requests
from daemon.journal.fair_queue import Turns
from daemon.journal.journal import Journal
from daemon.journal.records import Entry
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

LEASE = 120.0
"""Seconds after which a job that nobody keeps may be taken again."""
_KEEP = 30.0
"""Seconds between two extensions of the leases."""
_SMALL = 64 << 20
"""Bytes up to which a photograph is given to a worker together with others."""

_log = structlog.get_logger()


class Foreman:
    """The jobs that the executor has."""

    def __init__(self, config: Config, journal: Journal, executor: Executor) -> None:
        self._journal = journal
        self._executor = executor
        self._running: dict[int, RunningJob] = {}
        """The jobs that the executor has, by their numbers in the journal."""
        self._weights: dict[ColourSettings, str] = {}
        self._next_keeping = 0.0
        self._kept: Entry | None = None
        """A job whose turn it was, but that could not be done together with others."""
        self.pauses: tuple[Pause, ...] = ()
        """Why jobs of some folder, or all, are not begun at present: there is no room for their results."""
        self.closed: frozenset[Path] = frozenset()
        """The watched folders whose jobs wait."""
        self._room = Room(config)
        self._set_out(config)

    @property
    def running(self) -> Mapping[int, RunningJob]:
        """All jobs that are being done, by their numbers in the journal."""
        return self._running

    def reform(self, config: Config) -> None:
        """Go on by another configuration; what is being done is finished by the old one."""
        self._room.reform(config)
        self._set_out(config)
        self._executor.reconfigure([folder.colour for folder in config.folders], config.work)

    def handle(self, event: Event) -> None:
        """Take note of what the executor reports."""
        match event:
            case WeightsLoaded(hashes):
                self._weights |= hashes
            case Progress(job, done, frames):
                running = self._running[job]
                running.frames_done, running.frames = done, frames
                self._journal.extend(job, time.time() + LEASE, done, frames)
            case Done(job, report, weights):
                self._ending.done(self._running.pop(job), report, weights)
            case IsDuplicate(job):
                self._ending.duplicate(self._running.pop(job))
            case Skipped(job, reason):
                self._ending.failed(self._running.pop(job), "unsupported", reason)
            case Failed(job, kind, reason, trace):
                running = self._running.pop(job)
                if trace:
                    running.log.error("unforeseen", trace=trace)
                self._ending.failed(running, kind, reason)
            case Crashed(job, reason, signal, is_stopped):
                running = self._running.pop(job)
                told = f"{running.entry.path.name}: {reason}"
                self._ending.crashed(running, told, signal, outcome="stopped" if is_stopped else "crashed")
            case Interrupted(job):
                self._ending.put_back(self._running.pop(job))

    def offer(self) -> None:
        """Give every worker that has none the jobs whose turn it is."""
        vacancies, is_parked = self._executor.vacancies(), self._executor.status.is_parked
        if vacancies or is_parked:
            self._look_for_room()
        for vacancy in vacancies:
            self._give(vacancy)
        if is_parked and self._has_work():
            self._executor.start()

    def keep(self) -> None:
        """Keep the leases of what is being done."""
        if time.monotonic() >= self._next_keeping:
            self._next_keeping = time.monotonic() + _KEEP
            for job, running in self._running.items():
                self._journal.extend(job, time.time() + LEASE, running.frames_done, running.frames)

    def put_back(self) -> None:
        """Give up all running jobs, which will be gone on with another time."""
        self._executor.cancel(list(self._running))
        for job in list(self._running):
            self._ending.put_back(self._running.pop(job))

    def abandon(self) -> None:
        """Give up all running jobs without a word to the journal, which cannot be written."""
        self._executor.cancel(list(self._running))
        self._running.clear()

    def cancel(self, pattern: str) -> list[Entry]:
        """Give up jobs for good, also those that run."""
        cancelled = requests.cancel(self._journal, pattern, time.time())
        given_up = [self._running.pop(entry.id) for entry in cancelled if entry.id in self._running]
        self._executor.cancel([running.entry.id for running in given_up])
        for running in given_up:
            self._ending.cancelled(running)
        return cancelled

    def _set_out(self, config: Config) -> None:
        self._config = config
        self._ending = Ending(config, self._journal, self._room)
        self._turns = Turns(config.folders, config.work.order)

    def _has_work(self) -> bool:
        """Whether a job is due that may be begun."""
        due = self._journal.next_due()
        return due is not None and due <= time.time() and len(self.closed) < len(self._config.folders)

    def _look_for_room(self) -> None:
        """Close folders for whose results there is no room, or which are empty or absent: perhaps a mount is away."""
        lacks = {folder.input: self._room.lacks(folder) for folder in self._config.folders}
        since = min((pause.since for pause in self.pauses), default=time.time())
        pauses = tuple(Pause("disk", lack, since) for lack in dict.fromkeys(lacks.values()) if lack)
        if bool(pauses) != bool(self.pauses):
            _log.warning("paused" if pauses else "goes on", reason=reasons(pauses))
        self.pauses = pauses
        self.closed = frozenset(place for place, lack in lacks.items() if lack or not is_present(place))

    def _give(self, vacancy: Vacancy) -> None:
        jobs = list(self._next_jobs(vacancy))
        if not jobs:
            return
        for running in jobs:
            entry = running.entry
            self._running[entry.id] = running
            self._journal.attempts.begin(entry.id, entry.attempts, vacancy.worker, time.time())
            running.log.info("colouring", attempt=entry.attempts)
        self._executor.submit(_task_of(jobs), vacancy)

    def _next_jobs(self, vacancy: Vacancy) -> Iterator[RunningJob]:
        """The next job, and photographs whose turn comes after it and that can be coloured together with it."""
        others = {folder.input for folder in self._config.folders if folder.colour not in vacancy.colours}
        given, together = 0, True
        while together and given < self._config.work.photo_batch:
            now = time.time()
            job = self._next(now, others)
            waiting = None if job is None else self._journal.entry(job)
            if waiting is None or waiting.state != "queued":
                return
            twin = self._twin(waiting)
            if twin is not None and twin.state == "running":
                self._journal.put_off(waiting.id, now + AGAIN, f"waits for {twin.path}, which has the same content")
                continue
            joins = twin is None and self._joins(waiting)
            if given and not joins:
                self._kept = waiting
                return
            entry = self._journal.take(now, now + LEASE, job)
            running = None if entry is None else self._begin(entry)
            if running is not None:
                given, together, running.original = given + 1, joins, twin
                yield running

    def _next(self, now: float, others: set[Path]) -> int | None:
        """The job whose turn it is, among those that are not of other devices."""
        kept, self._kept = self._kept, None
        if kept is not None and kept.folder not in self.closed | others:
            return kept.id
        return self._turns.next(self._journal.database, now, self.closed | others)

    def _twin(self, entry: Entry) -> Entry | None:
        folder = self._config.folder_at(entry.folder)
        if folder is None:
            return None
        return find_twin(entry, folder, self._config, self._journal, self._weights.get(folder.colour))

    def _joins(self, entry: Entry) -> bool:
        """Whether a job can be done together with others: small photographs at their first attempt are."""
        if entry.identity.size > _SMALL or entry.reason is not None:
            return False
        if identify(entry.source) != entry.identity:  # it may be a pipe by now, at which reading would wait for ever
            return False
        try:
            return detect_kind(entry.source) == "photo"
        except Exception:  # noqa: BLE001 (no file's content may end the service; the worker says what is wrong)
            return False

    def _begin(self, entry: Entry) -> RunningJob | None:
        folder = self._config.folder_at(entry.folder)
        if identify(entry.source) != entry.identity:
            self._journal.supersede(entry.id)  # gone, or changed: then it is found anew
            return None
        if folder is None:
            self._journal.end(entry.id, "skipped", "its folder is no longer watched", time.time())
            return None
        running = RunningJob(entry, folder, work_folder(folder, self._journal, entry.id), time.monotonic())
        try:
            prepare(running.workspace)
        except OSError as error:
            self._ending.hold(running, f"the output folder cannot be written: {error}")
            return None
        return running


def _task_of(jobs: Sequence[RunningJob]) -> Task:
    """The task in which jobs are done together."""
    first = jobs[0]
    if first.coloured is not None:
        return CheckDuplicate(first.entry.id, first.job, first.coloured)
    return ColourFiles({running.entry.id: running.job for running in jobs})
