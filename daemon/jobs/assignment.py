"""Which jobs a vacant worker gets: the next one of the queue, and the small photographs behind it. They are started."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from colorizer.originals import is_of_many_files
from colorizer.photo.formats import detect_kind
from colorizer.settings import ColourSettings
from daemon.config.colour_choice import ColourChoice, with_choice
from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Config
from daemon.files.identity import identify
from daemon.files.text import in_words
from daemon.jobs.delivery import leads_out, result_folder
from daemon.jobs.duplicates import RECHECK_SECONDS, find_coloured
from daemon.jobs.outcomes import Outcomes
from daemon.jobs.running_job import RunningJob
from daemon.jobs.workspace import prepare, work_folder
from daemon.journal.fair_queue import FairQueue
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord
from daemon.workers import Vacancy

_SMALL = 64 << 20
"""The most bytes of a photograph that is coloured together with others."""


class Assignment:
    """Assigns jobs to workers, under one configuration."""

    def __init__(
        self, config: Config, journal: Journal, outcomes: Outcomes, weights: Mapping[ColourSettings, str]
    ) -> None:
        """Prepare; `weights` has the hash of the weights for each of the colour settings, as soon as it is known."""
        self._config = config
        self._journal = journal
        self._outcomes = outcomes
        self._weights = weights
        self._questions = DiskQuestions()
        self._queue = FairQueue(config.folders, config.work.order)

    def started(self, vacancy: Vacancy, closed: frozenset[Path]) -> Iterator[RunningJob]:
        """Start the next job, and the small photographs behind it that can be coloured in the same task.

        Args:
            vacancy: the worker.
            closed: the watched folders whose jobs wait for a disk.

        """
        wrong = {folder.input for folder in self._config.folders if folder.colour not in vacancy.colours}
        others = wrong | vacancy.unseen
        started, takes_more = 0, True
        while takes_more and started < self._config.work.photo_batch:
            now = time.time()
            record = self._queue.next(self._journal.database, now, closed | others)
            if record is None:
                return
            coloured = self._find_coloured(record)
            if coloured is not None and coloured.state == "running":
                reason = f"waits for {coloured.path}, which has the same content"
                self._journal.postpone(record.id, now + RECHECK_SECONDS, reason)
                continue
            joins = coloured is None and self._is_small_photograph(record)
            if started and not joins:  # it stays the next one, for the next vacancy
                return
            job = self._start(record, coloured, vacancy.worker)
            if job is not None:
                started, takes_more = started + 1, joins
                yield job

    def _find_coloured(self, record: JobRecord) -> JobRecord | None:
        """The job of another file with the same content, where the configuration makes use of it."""
        folder = self._config.folder_at(record.folder)
        if folder is None:
            return None
        weights = self._weights.get(folder.colour)
        return find_coloured(record, folder, self._config, self._journal, weights, self._questions)

    def _is_small_photograph(self, record: JobRecord) -> bool:
        """Whether a file can be coloured together with others: at its first attempt only."""
        if record.identity.size > _SMALL or record.reason is not None:
            return False
        if is_of_many_files(record.source) or identify(record.source) != record.identity:
            return False  # it may be a pipe now: reading it would never end
        try:
            return detect_kind(record.source) == "photo"
        except Exception:  # noqa: BLE001 (no file's content may end the service; the worker says what is wrong)
            return False

    def _start(self, record: JobRecord, coloured: JobRecord | None, worker: str) -> RunningJob | None:
        """Start a job, unless its file or its folder has gone, or the folder of its result cannot be written."""
        folder, now = self._config.folder_at(record.folder), time.time()
        if not is_of_many_files(record.source) and identify(record.source) != record.identity:  # else the worker looks
            self._journal.supersede(record.id, now)  # what lies there now is found as a new file
            return None
        if folder is None:
            self._journal.skip(record.id, "its folder is no longer watched", now)
            return None
        if leads_out(result_folder(record, folder), folder.output, folder):
            reason = f"a link leads out of {folder.output}; `links: follow` of the watched folder permits it"
            self._outcomes.hold_waiting(record, reason)
            return None
        if record.choice is not None:
            folder = with_choice(folder, ColourChoice.model_validate_json(record.choice))
        workspace = work_folder(record, folder, self._journal)
        try:
            prepare(workspace)
        except OSError as error:
            self._outcomes.hold_waiting(record, f"the output folder cannot be written: {in_words(error)}")
            return None
        started = self._journal.start(record, worker, now)
        self._queue.served(record.folder)
        earlier = self._journal.results_at(coloured.output) if coloured and coloured.output else ()
        known = earlier[0][1].identity if earlier else None
        job = RunningJob(started, folder, workspace, time.monotonic(), worker, original=coloured, known=known)
        job.log.info("colouring", attempt=started.attempts)
        return job
