"""The foreman: gives jobs to the worker and sees each to its end, whatever the worker says or does not say."""

from __future__ import annotations

import hashlib
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings
from daemon.config import Config, Folder
from daemon.delivery import ChangedError, deliver, move_original
from daemon.journal import Entry, Journal
from daemon.original import identify
from daemon.publisher import leave_note, make_folder
from daemon.retries import Again, after_failure
from daemon.room import Room
from daemon.turns import Turns
from daemon.wanted import is_present
from daemon.worker import Died, Done, Failed, LeftAlone, Message, Progress, Ready, Unfit, Worker

LEASE = 120.0
"""Seconds after which a job that nobody keeps may be taken again."""

_log = structlog.get_logger()


@dataclass(slots=True)
class Attempt:
    """The job that the worker has; times by the monotonic clock."""

    entry: Entry
    folder: Folder
    workspace: Path
    begun: float
    heard: float
    """When the worker last said something."""


class Foreman:
    """One worker and the job that it has."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self._config = config
        self._journal = journal
        self._weights: dict[ColourSettings, str] = {}
        self._turns = Turns(config.folders, config.work.order)
        self._room = Room(config)
        self.paused: str | None = None
        """Why jobs of some folder, or all, are not begun at present."""
        self.closed: frozenset[Path] = frozenset()
        """The watched folders whose jobs wait."""
        self.attempt: Attempt | None = None
        self.ready = False
        self.unfit: str | None = None
        """Why no worker can start: weights or device are not as configured."""
        self.worker = self._hire()

    def hear(self, message: Message) -> None:
        """Take note of what the worker says."""
        match message:
            case Ready(weights):
                self._weights, self.ready = weights, True
            case Unfit(reason):
                self.unfit = reason
            case Died(reason):
                self._replace_worker(reason)
            case Progress(done, frames):
                self._keep(done, frames)
            case Done(report):
                self._done(report)
            case LeftAlone(reason):
                self._leave_alone(reason)
            case Failed(why, reason, trace):
                self._failed(why, reason, trace)

    def offer(self) -> None:
        """Give the worker the job that has waited longest, if it has none."""
        if not self.ready or self.attempt is not None:
            return
        now = time.time()
        job = self._turns.next(self._journal.database, now, self._closed())
        entry = None if job is None else self._journal.take(now, now + LEASE, job)
        if entry is None:
            return
        if identify(entry.source) != entry.identity:
            self._journal.supersede(entry.id)  # gone, or changed: then it is found anew
            return
        folder = self._folder_of(entry)
        if folder is None:
            self._journal.end(entry.id, "skipped", "its folder is no longer watched", now)
            return
        try:
            self._begin(entry, folder)
        except OSError as error:
            self._hold(entry, f"the output folder cannot be written: {error}")

    def _closed(self) -> frozenset[Path]:
        """Folders for whose results there is no room, or which are empty or absent: perhaps a mount that is away."""
        lacks = {folder.input: self._room.lacks(folder) for folder in self._config.folders}
        paused = next((lack for lack in lacks.values() if lack), None)
        if (paused is None) != (self.paused is None):
            _log.warning("paused" if paused else "goes on", reason=paused)
        self.paused = paused
        self.closed = frozenset(place for place, lack in lacks.items() if lack or not is_present(place))
        return self.closed

    def mind(self) -> None:
        """Stop a job that makes no progress."""
        if self.attempt is not None and time.monotonic() - self.attempt.heard > self._config.work.stall_seconds:
            self._replace_worker(f"no progress for {self._config.work.stall_seconds:.0f} s; the job was stopped")

    def put_back(self) -> None:
        """Give up the running job, which will be done another time."""
        self.worker.stop()
        if self.attempt is None:
            return
        self._journal.put_back(self.attempt.entry.id, time.time(), None, refund=True)
        self._logged(self.attempt.entry).info("put back")
        self._clear()

    def abandon(self) -> None:
        """Give up the running job without a word to the journal, which cannot be written."""
        self.worker.stop()
        self._clear()
        self.worker = self._hire()

    def _hire(self) -> Worker:
        self.ready = False
        return Worker(tuple(dict.fromkeys(folder.colour for folder in self._config.folders)))

    def _replace_worker(self, reason: str) -> None:
        self.worker.stop()
        if self.attempt is not None:
            self._failed("failed", f"{self.attempt.entry.path.name}: {reason}", "")
        elif not self.ready:
            self.unfit = reason
            return
        self.worker = self._hire()

    def _begin(self, entry: Entry, folder: Folder) -> None:
        workspace = folder.output / f".tintd-{self._journal.id}-{entry.id}"
        make_folder(folder.output)
        shutil.rmtree(workspace, ignore_errors=True)
        workspace.mkdir()
        now = time.monotonic()
        self.attempt = Attempt(entry, folder, workspace, begun=now, heard=now)
        self.worker.give(Job(entry.source, workspace / "result", workspace, folder.job_settings))
        self._logged(entry).info("colouring", attempt=entry.attempts)

    def _keep(self, done: int, frames: int) -> None:
        if self.attempt is not None:
            self.attempt.heard = time.monotonic()
            self._journal.extend(self.attempt.entry.id, time.time() + LEASE, done, frames)

    def _done(self, report: Report) -> None:
        attempt = self._current()
        entry, folder = attempt.entry, attempt.folder
        try:
            path = deliver(attempt.workspace / "result", report.suffix, entry, folder, self._journal)
        except ChangedError:
            self._journal.supersede(entry.id)
            self._logged(entry).info("changed while it was coloured; it waits again")
        except OSError as error:
            self._hold(entry, f"the result cannot be published: {error}")
        else:
            seconds = time.monotonic() - attempt.begun
            made_with = (_settings_hash(folder), self._weights[folder.colour])
            self._journal.finish(entry.id, time.time(), seconds, made_with, report.notes)
            self._logged(entry).info("done", output=str(path), seconds=round(seconds, 2), notes=report.notes)
            move_original(entry, folder, self._journal)
        self._clear()

    def _leave_alone(self, reason: str) -> None:
        attempt = self._current()
        self._journal.end(attempt.entry.id, "skipped", reason, time.time())
        self._logged(attempt.entry).info("skipped", reason=reason)
        self._clear()

    def _failed(self, why: Literal["unsupported", "truncated", "failed"], reason: str, trace: str) -> None:
        attempt = self._current()
        entry, now = attempt.entry, time.time()
        log = self._logged(entry)
        if trace:
            log.error("unforeseen", trace=trace)
        lack = self._room.failed(attempt.folder)
        if lack is not None:
            self._hold(entry, lack)
            self._clear()
            return
        if identify(entry.source) != entry.identity:
            self._journal.supersede(entry.id)
            log.info("changed or gone while it was coloured", reason=reason)
            self._clear()
            return
        following = after_failure(why, entry.attempts, entry.identity.mtime_ns / 1e9, now, self._config)
        if isinstance(following, Again):
            self._journal.put_back(entry.id, following.due, reason, refund=following.refund)
            log.warning("will be tried again", reason=reason, seconds=round(following.due - now))
        else:
            self._journal.end(entry.id, following.state, reason, now)
            log.warning(following.state, reason=reason)
            if following.state == "failed" and self._config.work.failure_notes:
                self._leave_note(attempt, reason)
        self._clear()

    def _leave_note(self, attempt: Attempt, reason: str) -> None:
        try:
            leave_note(attempt.folder.output, attempt.entry.path, reason)
        except OSError as error:
            self._logged(attempt.entry).warning("no note could be left", reason=str(error))

    def _hold(self, entry: Entry, reason: str) -> None:
        """Let a job wait for something that is not its fault."""
        self._journal.put_back(entry.id, time.time() + self._config.work.retry_seconds, reason, refund=True)
        self._logged(entry).error("held", reason=reason)

    def _clear(self) -> None:
        if self.attempt is not None:
            shutil.rmtree(self.attempt.workspace, ignore_errors=True)
        self.attempt = None

    def _current(self) -> Attempt:
        if self.attempt is None:
            raise RuntimeError("the worker speaks of a job that it does not have")
        return self.attempt

    def _folder_of(self, entry: Entry) -> Folder | None:
        return next((folder for folder in self._config.folders if folder.input == entry.folder), None)

    @staticmethod
    def _logged(entry: Entry) -> structlog.typing.FilteringBoundLogger:
        bound: structlog.typing.FilteringBoundLogger = _log.bind(job=entry.id, file=str(entry.source))
        return bound


def _settings_hash(folder: Folder) -> str:
    """A short name for everything that was configured about a result."""
    return hashlib.sha256(folder.job_settings.model_dump_json().encode()).hexdigest()[:12]
