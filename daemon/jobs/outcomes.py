"""How tasks end: published, tried again, given up, or put back; the journal is told of each."""

from __future__ import annotations

import errno
import time
from typing import Literal

from colorizer.report import Report
from daemon.config.settings import Config
from daemon.files.disk_space import Room
from daemon.files.identity import identify
from daemon.files.publisher import UNNAMEABLE, leave_note
from daemon.files.text import legible
from daemon.jobs.delivery import ChangedError, deliver, move_original
from daemon.jobs.retries import Again, after_failure
from daemon.jobs.running_job import RunningJob
from daemon.jobs.workspace import clear, leave
from daemon.journal.attempts import Outcome
from daemon.journal.journal import Journal
from daemon.journal.records import Making
from daemon.workers import FailureKind


class Ending:
    """The ends that a task may come to."""

    def __init__(self, config: Config, journal: Journal, room: Room) -> None:
        self._config = config
        self._journal = journal
        self._room = room

    def done(self, task: RunningJob, report: Report, weights: str) -> None:
        """Publish a result."""
        self._publish(task, report.suffix, weights, report.notes)

    def duplicate(self, task: RunningJob) -> None:
        """End a job whose original has the content of one that is done: with that one's result, or without any."""
        twin, entry, now = task.original, task.entry, time.time()
        if twin is None or identify(twin.source) != twin.identity or identify(entry.source) != entry.identity:
            self.put_back(task, "changed while it was compared")
            return
        told = f"the same content as {legible(str(twin.source))}"
        if task.folder.duplicates == "link" and twin.output is not None:
            self._publish(task, twin.output.suffix, twin.weights or "", (*twin.notes, f"{told}: has its result"), told)
            return
        self._journal.end(entry.id, "skipped", told, now)
        self._journal.attempts.end(entry.id, "skipped", now, told)
        task.log.info("skipped", reason=told)
        clear(task.workspace)

    def _publish(
        self, task: RunningJob, suffix: str, weights: str, notes: tuple[str, ...], reason: str | None = None
    ) -> None:
        entry, now = task.entry, time.time()
        making = Making(task.settings_hash, weights, time.monotonic() - task.started_at, notes)
        try:
            path = deliver(task.workspace / "result", suffix, entry, task.folder, self._journal, making)
        except ChangedError:
            self._journal.supersede(entry.id)
            self._journal.attempts.end(entry.id, "superseded", now)
            task.log.info("changed while it was coloured; it waits again")
        except OSError as error:
            if error.errno in UNNAMEABLE:  # waiting would not help, and each attempt would colour it again
                told = f"its result can have no such name in the output folder ({error.strerror})"
                self._journal.attempts.end(entry.id, "failed", now, told)
                self._give_up(task, "failed", f"{told}: rename it, then `tintd retry`")
            elif error.errno == errno.EXDEV:  # a disk was mounted there meanwhile; the next attempt is worked at on it
                self.failed(task, "failed", f"the result cannot be published: {error}")
            else:
                self.hold(task, f"the result cannot be published: {error}")
            return
        else:
            self._journal.finish(entry.id, now)
            self._journal.attempts.end(entry.id, "done", now, reason)
            task.log.info("done", output=str(path), seconds=round(making.seconds, 2), notes=notes)
            move_original(entry, task.folder, self._journal)
        clear(task.workspace)

    def failed(self, task: RunningJob, why: FailureKind, reason: str) -> None:
        """End an attempt that came to nothing of itself."""
        outcomes: dict[FailureKind, Outcome] = {"unsupported": "skipped", "unwritten": "held"}
        self.crashed(task, reason, None, outcome=outcomes.get(why, "failed"), why=why)

    def crashed(
        self,
        task: RunningJob,
        reason: str,
        signal: str | None,
        *,
        outcome: Outcome = "crashed",
        why: FailureKind = "failed",
    ) -> None:
        """End an attempt of which the worker died, or was stopped; another follows, or the file is set aside."""
        entry, now = task.entry, time.time()
        lack = self._room.failed(task.folder)
        if lack is not None:
            self.hold(task, lack)
            return
        if identify(entry.source) != entry.identity:
            self._journal.supersede(entry.id)
            self._journal.attempts.end(entry.id, "superseded", now, reason, signal)
            task.log.info("changed or gone while it was coloured", reason=reason)
            clear(task.workspace)
            return
        self._journal.attempts.end(entry.id, outcome, now, reason, signal)
        following = after_failure(why, entry.attempts, entry.seen, now, self._config)
        if isinstance(following, Again):
            self._journal.put_back(entry.id, following.due, reason, refund=following.refund)
            task.log.warning("will be tried again", reason=reason, seconds=round(following.due - now))
            leave(task.workspace)
            return
        self._give_up(task, following.state, reason)

    def hold(self, task: RunningJob, reason: str) -> None:
        """Let a job wait for something that is not its fault."""
        now = time.time()
        self._journal.attempts.end(task.entry.id, "held", now, reason)
        self._journal.put_back(task.entry.id, now + self._config.work.retry_seconds, reason, refund=True)
        task.log.error("held", reason=reason)
        leave(task.workspace)

    def put_back(self, task: RunningJob, reason: str | None = None) -> None:
        """Let a job wait that was interrupted on purpose, or with another."""
        self._journal.attempts.end(task.entry.id, "put back", time.time(), reason)
        self._journal.put_back(task.entry.id, task.entry.due, None, refund=True)
        task.log.info("put back")
        leave(task.workspace)

    def cancelled(self, task: RunningJob) -> None:
        """Leave a job that somebody gave up."""
        self._journal.attempts.end(task.entry.id, "cancelled", time.time())
        task.log.info("cancelled")
        clear(task.workspace)

    def _give_up(self, task: RunningJob, state: Literal["failed", "skipped"], reason: str) -> None:
        """Set a file aside."""
        if state == "failed" and self._config.work.failure_notes:
            _leave_note(task, reason)
        self._journal.end(task.entry.id, state, reason, time.time())
        task.log.warning(state, reason=reason)
        clear(task.workspace)


def _leave_note(task: RunningJob, reason: str) -> None:
    try:
        leave_note(task.folder.output, task.entry.path, reason)
    except OSError as error:
        task.log.warning("no note could be left", reason=str(error))
