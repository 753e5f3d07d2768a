"""The foreman: gives jobs to the crew and sees each to its end, whatever the workers say or do not say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import structlog

from colorizer.photo.formats import kind_of
from colorizer.settings import ColourSettings
from daemon.config.pause import Pause, reasons
from daemon.config.settings import Config
from daemon.files.disk_space import Room
from daemon.files.identity import identify
from daemon.files.mounts import is_present
from daemon.jobs.duplicates import AGAIN, find_twin
from daemon.jobs.outcomes import Ending
from daemon.jobs.workspace import prepare, work_folder
from daemon.journal import requests
from daemon.journal.fair_queue import Turns
from daemon.journal.journal import Journal
from daemon.journal.records import Entry
from daemon.workers.messages import Died, Done, Failed, LeftAlone, Message, Progress, Ready, Same, Unfit
from daemon.workers.pool import Crew, Hand
from daemon.workers.task import Task

LEASE = 120.0
"""Seconds after which a job that nobody keeps may be taken again."""
_KEEP = 30.0
"""Seconds between two extensions of the leases."""
_SMALL = 64 << 20
"""Bytes up to which a photograph is given to a worker together with others."""

_log = structlog.get_logger()


class Foreman:
    """The crew and the jobs that it has."""

    def __init__(self, config: Config, journal: Journal) -> None:
        self._journal = journal
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
        self.crew = Crew(config)

    @property
    def tasks(self) -> list[Task]:
        """All jobs that are being done."""
        return [task for hand in self.crew.hands for task in hand.tasks.values()]

    def reform(self, config: Config) -> None:
        """Go on by another configuration; what is being done is finished by the old one."""
        self._room.reform(config)
        self._set_out(config)
        self.crew.reform(config)

    def hear(self, hand: Hand, message: Message) -> None:
        """Take note of what a worker says."""
        self.crew.hear(hand, message)
        match message:
            case Ready(weights):
                self._weights |= weights
            case Progress(number, done, frames):
                self._journal.extend(hand.tasks[number].entry.id, time.time() + LEASE, done, frames)
            case Done(number, report):
                task = hand.tasks.pop(number)
                self._ending.done(task, report, self._weights[task.folder.colour])
            case Same(number):
                self._ending.duplicate(hand.tasks.pop(number))
            case LeftAlone(number, reason):
                self._ending.failed(hand.tasks.pop(number), "unsupported", reason)
            case Failed(number, why, reason, trace):
                task = hand.tasks.pop(number)
                if trace:
                    task.log.error("unforeseen", trace=trace)
                self._ending.failed(task, why, reason)
            case Died(reason, signal):
                self._lose(hand, reason, signal)
            case Unfit():
                self._put_back(hand)

    def offer(self) -> None:
        """Give every worker that has none the jobs whose turn it is."""
        idle = [hand for hand in self.crew.hands if hand.idle]
        asleep = any(hand.asleep for hand in self.crew.hands)
        if idle or asleep:
            self._look_for_room()
        for hand in idle:
            self._give(hand)
        if asleep and self._has_work():
            self.crew.wake()

    def mind(self) -> None:
        """Stop what went beyond its limits, fill the crew, and keep the leases."""
        for hand, reason in list(self.crew.excesses()):
            self.crew.dismiss(hand)
            self._lose(hand, reason, "SIGKILL", stopped=True)
        self.crew.replace_leaking()
        self.crew.send_to_sleep()
        self.crew.fill()
        if time.monotonic() >= self._next_keeping:
            self._next_keeping = time.monotonic() + _KEEP
            for task in self.tasks:
                self._journal.extend(task.entry.id, time.time() + LEASE, task.frames_done, task.frames)

    def put_back(self) -> None:
        """Give up all running jobs, which will be gone on with another time."""
        for hand in self.crew.busy:
            self.crew.dismiss(hand)
            self._put_back(hand)

    def abandon(self) -> None:
        """Give up all running jobs without a word to the journal, which cannot be written."""
        for hand in self.crew.busy:
            self.crew.dismiss(hand)
            hand.tasks = {}

    def dismiss(self) -> None:
        """End all workers."""
        self.put_back()
        for hand in self.crew.hands:
            self.crew.dismiss(hand)

    def cancel(self, pattern: str) -> list[Entry]:
        """Give up jobs for good, also those that run."""
        cancelled = requests.cancel(self._journal, pattern, time.time())
        numbers = {entry.id for entry in cancelled}
        for hand in self.crew.busy:
            given_up = [task for task in hand.tasks.values() if task.entry.id in numbers]
            if not given_up:
                continue
            self.crew.dismiss(hand)
            hand.tasks = {number: task for number, task in hand.tasks.items() if task not in given_up}
            for task in given_up:
                self._ending.cancelled(task)
            self._put_back(hand)
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

    def _give(self, hand: Hand) -> None:
        tasks = list(self._next_tasks(hand))
        if not tasks or hand.worker is None:
            return
        now = time.monotonic()
        hand.tasks, hand.current, hand.heard, hand.turned = dict(enumerate(tasks)), 0, now, now
        for task in tasks:
            self._journal.attempts.begin(task.entry.id, task.entry.attempts, hand.name, time.time())
            task.log.info("colouring", attempt=task.entry.attempts)
        try:
            hand.worker.give([task.job for task in tasks], tasks[0].order)
        except OSError:
            _log.warning("a worker is gone", worker=hand.name)  # its end is heard next

    def _next_tasks(self, hand: Hand) -> Iterator[Task]:
        """The next job, and photographs whose turn comes after it and that can be coloured together with it."""
        others = {folder.input for folder in self._config.folders if folder.colour not in hand.outfit.colours}
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
            task = None if entry is None else self._begin(entry)
            if task is not None:
                given, together, task.twin = given + 1, joins, twin
                yield task

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
            return kind_of(entry.source) == "photo"
        except Exception:  # noqa: BLE001 (no file's content may end the service; the worker says what is wrong)
            return False

    def _begin(self, entry: Entry) -> Task | None:
        folder = self._config.folder_at(entry.folder)
        if identify(entry.source) != entry.identity:
            self._journal.supersede(entry.id)  # gone, or changed: then it is found anew
            return None
        if folder is None:
            self._journal.end(entry.id, "skipped", "its folder is no longer watched", time.time())
            return None
        task = Task(entry, folder, work_folder(folder, self._journal, entry.id), time.monotonic())
        try:
            prepare(task.workspace)
        except OSError as error:
            self._ending.hold(task, f"the output folder cannot be written: {error}")
            return None
        return task

    def _lose(self, hand: Hand, reason: str, signal: str | None, *, stopped: bool = False) -> None:
        """The worker is gone: the file that it was at is to blame; what it had beside it waits again."""
        blamed = hand.tasks.pop(hand.current, None)
        self._put_back(hand)
        if blamed is not None:
            told = f"{blamed.entry.path.name}: {reason}"
            self._ending.crashed(blamed, told, signal, outcome="stopped" if stopped else "crashed")

    def _put_back(self, hand: Hand) -> None:
        for task in hand.tasks.values():
            self._ending.put_back(task)
        hand.tasks = {}
