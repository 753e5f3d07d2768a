"""The outcomes of running jobs: published, tried again, failed, held, put back; each is one change of the journal."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from colorizer.errors import ChangedError
from colorizer.originals import is_of_many_files
from colorizer.report import Report
from daemon.config.settings import Config
from daemon.files.disk_space import DiskSpace
from daemon.files.identity import Seen, identify
from daemon.files.publisher import UNNAMEABLE, leave_note
from daemon.files.text import in_words, storable
from daemon.jobs.delivery import deliver, move_original, result_path
from daemon.jobs.retries import TryAgain, after_failure
from daemon.jobs.running_job import RunningJob, log_of
from daemon.jobs.workspace import clear, leave
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd, JobRecord, ResultMetadata
from daemon.journal.states import Outcome
from daemon.workers import FailureKind

_OVER = object()


class Outcomes:
    """What is done at the end of an attempt: in the journal, with the result, and with the work folder."""

    def __init__(self, config: Config, journal: Journal, disk_space: DiskSpace) -> None:
        self._config = config
        self._journal = journal
        self._disk_space = disk_space

    def end_together(self, endings: Sequence[tuple[RunningJob, Iterator[None]]]) -> None:
        """End jobs step by step: what all of them change in the journal in a step is flushed to the disk at once."""
        going = list(endings)
        while going:
            with self._journal.together():
                going = [(job, ending) for job, ending in going if self._goes_on(job, ending)]

    def _goes_on(self, job: RunningJob, ending: Iterator[None]) -> bool:
        """Do a step of an ending; a job whose step fails (too many open files, say) waits, and the others go on."""
        try:
            return next(ending, _OVER) is not _OVER
        except OSError as error:
            found = self._journal.job(job.record.id)
            if found is not None and found.state == "running":
                self.hold(job, f"the end of the job could not be noted: {in_words(error)}")
            else:
                job.log.warning("not all was done at the end of the job", reason=in_words(error))
            return False

    def done(self, job: RunningJob, report: Report, weights: str, seen: Seen) -> Iterator[None]:
        """Publish a result, in steps (see `end_together`)."""
        return self._publish(job, report.suffix, weights, report.notes, seen)

    def duplicate(self, job: RunningJob, seen: Seen) -> Iterator[None]:
        """End a job whose file has the content of a coloured one: with the result of that one, or without any."""
        original, record = job.original, job.record
        if original is None or not (_is_as_it_was(original) and _is_as_it_was(record)):
            self.put_back(job, "changed while it was compared")
            return
        reason = f"the same content as {storable(str(original.source))}"
        if job.folder.duplicates == "link" and original.output is not None:
            notes = (*original.notes, f"{reason}: has its result")
            yield from self._publish(job, original.output.suffix, original.weights or "", notes, seen, reason=reason)
        else:
            self._skip(job, reason)

    def failed(self, job: RunningJob, kind: FailureKind, reason: str) -> None:
        """End an attempt that failed without harm to its worker."""
        self._end_attempt(job, AttemptEnd("failed", reason), kind)

    def crashed(self, job: RunningJob, reason: str, signal: str | None, *, outcome: Outcome) -> None:
        """End an attempt in which the worker died (crashed), or exceeded a limit and was ended (stopped)."""
        self._end_attempt(job, AttemptEnd(outcome, reason, signal), "failed")

    def put_back(self, job: RunningJob, reason: str | None = None) -> None:
        """Let a job wait that was stopped on purpose, or that shared a worker with another."""
        self._journal.put_back(job.record.id, reason, time.time())
        job.log.info("put back")
        self._leave(job)

    def cancelled(self, job: RunningJob) -> None:
        """Clear up after a job that a person gave up; the journal knows of it."""
        job.log.info("cancelled")
        if self._disk_space.answers(job.folder):  # else the sweeper does it
            clear(job.workspace)

    def superseded(self, job: RunningJob) -> None:
        """End an attempt whose file has changed meanwhile."""
        self._supersede(job, AttemptEnd("superseded"))

    def hold(self, job: RunningJob, reason: str) -> None:
        """Let a running job wait for something that is not its fault."""
        self.hold_waiting(job.record, reason)
        self._leave(job)

    def hold_waiting(self, record: JobRecord, reason: str) -> None:
        """Do the same for a job that could not be started."""
        now = time.time()
        self._journal.hold(record.id, reason, now + self._config.work.retry_seconds, now)
        log_of(record).error("held", reason=reason)

    def _publish(  # noqa: PLR0913 (each is another thing)
        self,
        job: RunningJob,
        suffix: str,
        weights: str,
        notes: tuple[str, ...],
        seen: Seen,
        *,
        reason: str | None = None,
    ) -> Iterator[None]:
        """Publish a result; a reason says where it comes from, if the file was not coloured."""
        metadata = ResultMetadata(job.settings_hash, weights, time.monotonic() - job.started_at, notes)
        record = self._latest(job)
        try:
            path = yield from deliver(job.result, suffix, record, job.folder, self._journal, metadata, seen)
        except ChangedError:
            self.superseded(job)
        except OSError as error:
            self._not_published(job, error)
        else:
            self._journal.finish(job.record.id, time.time(), reason)
            yield
            job.log.info("done", output=str(path), seconds=round(metadata.seconds, 2), notes=notes)
            move_original(record, job.folder, self._journal, seen)
            clear(job.workspace)

    def _latest(self, job: RunningJob) -> JobRecord:
        """The job's record; its file may have been touched meanwhile, and have been found to hold what it held."""
        found = self._journal.job(job.record.id)
        return replace(job.record, identity=found.identity) if found else job.record

    def _not_published(self, job: RunningJob, error: OSError) -> None:
        """End an attempt whose result could not get its name."""
        if error.errno in UNNAMEABLE:  # waiting would not help, and each attempt would colour it again
            reason = f"its result can have no such name in the output folder ({error.strerror})"
            self._fail(job, AttemptEnd("failed", f"{reason}: rename it, then `tintd retry`"))
        elif error.errno == errno.EXDEV:  # a disk was mounted there meanwhile; the next attempt is worked at on it
            self.failed(job, "failed", f"the result cannot be published: {in_words(error)}")
        else:
            self.hold(job, f"the result cannot be published: {in_words(error)}")

    def _end_attempt(self, job: RunningJob, end: AttemptEnd, kind: FailureKind) -> None:
        """End an attempt that failed: another one follows, or the job ends."""
        record, now, reason = self._latest(job), time.time(), end.reason or ""
        disk = self._disk_space.failure_reason(job.folder)
        if disk is not None:
            self.hold(job, disk)
            return
        if not _is_as_it_was(record) or kind == "changed":
            self._supersede(job, end)
            return
        if kind == "unwritten":
            self.hold(job, reason)
            return
        following = after_failure(kind, record.attempts, record.seen, now, self._config)
        if isinstance(following, TryAgain):
            self._journal.try_again(record.id, end, following.due, now, refund=following.refund)
            job.log.warning("will be tried again", reason=reason, seconds=round(following.due - now))
            self._leave(job)
        elif following.state == "skipped":
            self._leave_note(job, "skipped", reason)
            self._skip(job, reason)
        else:
            self._fail(job, end)

    def _leave(self, job: RunningJob) -> None:
        """Leave the work folder of a job that will be continued; on a disk that does not answer it stays as it is."""
        if self._disk_space.answers(job.folder):
            leave(job.workspace)

    def _supersede(self, job: RunningJob, end: AttemptEnd) -> None:
        """Forget a job whose file has changed or gone; a changed file is found as a new one."""
        self._journal.supersede(job.record.id, time.time(), end.reason, end.signal)
        job.log.info("changed or gone while it was coloured", reason=end.reason)
        clear(job.workspace)

    def _skip(self, job: RunningJob, reason: str) -> None:
        """End a job for which there is nothing to do."""
        self._journal.skip(job.record.id, reason, time.time())
        job.log.info("skipped", reason=reason)
        clear(job.workspace)

    def _fail(self, job: RunningJob, end: AttemptEnd) -> None:
        """End a job that failed, and leave a note if that is configured."""
        reason = end.reason or ""
        self._leave_note(job, "failed", reason)
        self._journal.fail(job.record.id, end, time.time())
        job.log.warning("failed", reason=reason)
        clear(job.workspace)

    def _leave_note(self, job: RunningJob, state: Literal["failed", "skipped"], reason: str) -> None:
        """Write a note that tells why there is no result, if that is configured."""
        if self._config.work.failure_notes not in {"all", state}:
            return
        try:
            leave_note(job.folder.output, result_path(job.record, job.folder), state, reason)
        except OSError as error:
            job.log.warning("no note could be left", reason=in_words(error))


def _is_as_it_was(record: JobRecord) -> bool:
    """Whether an original is as the journal knows it; at one of many files the worker has just looked."""
    return is_of_many_files(record.source) or identify(record.source) == record.identity
