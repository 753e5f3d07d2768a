"""The journal, in SQLite: every file seen, every attempt, every result. It survives kill -9 and power loss.

Each outcome of an attempt is one operation: it changes the job, ends the attempt and stores the event for the hooks in
one transaction, so that state and history agree at every moment.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from daemon.config.disk_questions import DiskQuestions
from daemon.files.identity import Identity, Result, exists
from daemon.files.mounts import is_present
from daemon.files.text import storable
from daemon.journal.database import Database, usable
from daemon.journal.job_log import JobLog
from daemon.journal.job_table import JobTable
from daemon.journal.outbox import Outbox
from daemon.journal.reader import NAME, SIMILAR_FILES, JournalReader
from daemon.journal.records import AttemptEnd, IncomingFile, JobRecord, ResultMetadata
from daemon.journal.states import ENDED, UNFINISHED


class Journal(JournalReader):
    """The journal, to read and to write: by the service, or by a command while no service runs."""

    def __init__(self, folder: Path) -> None:
        """Open the journal of a state folder; make or migrate it.

        Raises:
            JournalError: the journal cannot be opened, or a newer tintd made it.

        """
        super().__init__(Database(folder / NAME))
        self.outbox = Outbox(self._db)
        self.job_log = JobLog(self._db)
        self._table = JobTable(self._db, self.outbox)
        self._questions = DiskQuestions()

    def together(self) -> AbstractContextManager[None]:
        """Make one transaction of all changes inside: the disk is waited for once."""
        return self._db.transaction()

    # Files become jobs.

    def add(self, file: IncomingFile, now: float) -> Literal["new", "moved", "same"]:
        """Enter a complete file.

        A file with new content at a known path becomes a new job; one with known content at a new path, whose old path
        is empty, was moved, and keeps its job.

        """
        place = _place(file.folder, file.path)
        with self._db.transaction():
            row = self._row_at(file.folder, file.path)
            if row is not None and row["fingerprint"] == file.fingerprint:
                self._table.set(row["id"], seen=now, **_columns(file.identity))
                return "same"
            if row is not None:
                self._table.set(row["id"], superseded=1)
            moved = self._moved(file)
            if moved is not None:
                self._table.set(moved, **place, seen=now, **_columns(file.identity))
                return "moved"
            self._db.execute(
                "INSERT INTO jobs (folder, path, name, size, mtime_ns, inode, fingerprint, film, due, found, seen)"
                " VALUES (:folder, :path, :name, :size, :mtime_ns, :inode, :fingerprint, :film, :now, :now, :now)",
                {**place, **_columns(file.identity), "fingerprint": file.fingerprint, "film": file.is_film, "now": now},
            )
            return "new"

    def relocate(self, job: int, folder: Path, path: Path) -> None:
        """Note that an original lies at another path now."""
        self._table.set(job, **_place(folder, path))

    # A job is started, and waits for its turn.

    def start(self, job: JobRecord, worker: str, now: float) -> JobRecord:
        """Begin an attempt at a waiting job; returns the job as it is then."""
        number = job.attempts + 1
        with self._db.transaction():
            started = {"attempts": number, "frames_done": 0, "frames": 0, "read": None, "announced": 0, "front": None}
            self._table.change(job.id, UNFINISHED, "running", **started)
            self._db.execute(
                "INSERT INTO attempts (job, number, begun, worker) VALUES (?, ?, ?, ?)", (job.id, number, now, worker)
            )
        return replace(job, state="running", attempts=number)

    def postpone(self, job: int, due: float, reason: str) -> None:
        """Let a waiting job, and those in its folder that seem to have the same content, wait until `due`."""
        self._db.execute(
            "UPDATE jobs SET due = ?, reason = ? FROM (SELECT folder, fingerprint FROM jobs WHERE id = ?) AS its"
            " WHERE jobs.folder = its.folder AND jobs.fingerprint = its.fingerprint AND state IN ('waiting', 'held')",
            (due, storable(reason), job),
        )

    def note_progress(self, progress: Mapping[int, tuple[int, int, float | None]]) -> None:
        """Note, by job, the frames that are done, all frames, and `JobRecord.read`; a power cut may undo it."""
        if progress:
            with self._db.quick_transaction():
                for job, (done, frames, read) in progress.items():
                    self._table.set(job, frames_done=done, frames=frames, read=read)

    # An attempt ends.

    def announce(self, job: int, result: Result, metadata: ResultMetadata) -> None:
        """Note a result just before it is published: if it then lies there, it was published.

        The result before it stays known, for publishing may fail.

        """
        self._table.set(
            job,
            coming=os.fsencode(result.path),
            coming_size=result.identity.size,
            coming_mtime_ns=result.identity.mtime_ns,
            coming_inode=result.identity.inode,
            announced=1,
            settings=metadata.settings,
            weights=metadata.weights,
            seconds=metadata.seconds,
            notes=json.dumps(metadata.notes),
        )

    def finish(self, job: int, now: float, reason: str | None = None) -> None:
        """Note that the result that a job announced is published; a reason says where the result comes from."""
        with self._db.transaction():
            self._db.execute(
                "UPDATE jobs SET output = coming, output_size = coming_size, output_mtime_ns = coming_mtime_ns,"
                " output_inode = coming_inode, coming = NULL WHERE id = ?",
                (job,),
            )
            self._table.end(job, "done", AttemptEnd("done", reason), now, reason=None, ended=now)

    def fail(self, job: int, end: AttemptEnd, now: float) -> None:
        """Note that a job failed and is not tried again."""
        self._table.end(job, "failed", end, now, reason=storable(end.reason), ended=now)

    def skip(self, job: int, reason: str, now: float) -> None:
        """Note that there is nothing to do for a job."""
        self._table.end(job, "skipped", AttemptEnd("skipped", reason), now, reason=storable(reason), ended=now)

    def cancel(self, job: int, reason: str, now: float) -> None:
        """Note that a person gave a job up."""
        self._table.end(job, "skipped", AttemptEnd("cancelled"), now, reason=storable(reason), ended=now)

    def try_again(self, job: int, end: AttemptEnd, due: float, now: float, *, refund: bool) -> None:
        """Let a job whose attempt failed wait for the next one; with `refund`, this one does not count."""
        self._table.end(job, "waiting", end, now, refund=refund, reason=storable(end.reason), due=due)

    def hold(self, job: int, reason: str, due: float, now: float) -> None:
        """Let a job wait for something that is not its fault; the attempt does not count."""
        self._table.end(job, "held", AttemptEnd("held", reason), now, refund=True, reason=storable(reason), due=due)

    def put_back(self, job: int, reason: str | None, now: float) -> None:
        """Let a job that was stopped on purpose wait for its turn; the attempt does not count."""
        self._table.end(job, "waiting", AttemptEnd("put back", reason), now, refund=True, reason=None)

    def interrupt(self, job: int, reason: str | None, due: float, now: float, *, counts: bool) -> None:
        """Let a job wait whose service ended: no attempt was used up, but (`counts`) the job may be what ended it."""
        with self._db.transaction():
            self._table.end(
                job, "waiting", AttemptEnd("interrupted"), now, refund=True, reason=storable(reason), due=due
            )
            self._db.execute("UPDATE jobs SET interruptions = interruptions + ? WHERE id = ?", (counts, job))

    def supersede(self, job: int, now: float, reason: str | None = None, signal: str | None = None) -> None:
        """Forget a job whose file has changed or gone, so that what lies there now is seen as new."""
        with self._db.transaction():
            self._table.set(job, superseded=1)
            if self._table.state(job) == "running":
                self._table.end(job, "waiting", AttemptEnd("superseded", reason, signal), now)

    # A result was there before its job.

    def adopt(self, job: int, result: Result, notes: tuple[str, ...], now: float) -> None:
        """Take a file that exists as the result of a job that has not been started, or was skipped."""
        path, identity = os.fsencode(result.path), result.identity
        columns = {"output": path, **{f"output_{name}": value for name, value in _columns(identity).items()}}
        known = {"notes": json.dumps(notes), "existing": None, "reason": None, "ended": now}
        self._table.change(job, frozenset({"waiting", "skipped"}), "done", **columns, **known)

    def leave(self, job: int, existing: Path, reason: str, now: float) -> None:
        """Skip a job because a file that may be its result exists: a person has to say what it is."""
        with self._db.transaction():
            self._table.set(job, existing=os.fsencode(existing))
            self.skip(job, reason, now)

    # People ask.

    def requeue(self, jobs: Iterable[int], now: float) -> None:
        """Let ended jobs wait again, with all their attempts."""
        with self._db.transaction():
            for job in jobs:
                self._table.change(job, ENDED, "waiting", due=now, attempts=0, interruptions=0, reason=None)

    def choose(self, job: int, choice: str | None) -> None:
        """Note the settings that a person chose for the file of a job, as JSON; None: those that are configured."""
        self._table.set(job, choice=choice)

    def forget(self, jobs: Iterable[int]) -> None:
        """Delete jobs with their attempts: a file that still lies there is seen as new."""
        with self._db.transaction():
            self.database.executemany("DELETE FROM jobs WHERE id = ?", ((job,) for job in jobs))

    def pause(self, since: float | None, until: float | None = None) -> None:
        """Start no more jobs, or (None) start them again; a restart does not end the pause, but the time `until`."""
        self._db.execute("UPDATE journal SET paused = ?, paused_until = ?", (since, until))

    def move_to_front(self, jobs: Iterable[int], now: float) -> None:
        """Let waiting jobs come before all others, the latest ones first, and at once."""
        with self._db.transaction():
            for job in jobs:
                self._table.set(job, front=now, due=now)

    def outputs(self, used: Iterable[Path]) -> list[Path]:
        """Note folders of results; returns all that were ever noted, for they may have left the configuration."""
        with self._db.transaction():
            for place in used:
                self._db.execute("INSERT OR IGNORE INTO outputs VALUES (?)", (os.fsencode(place),))
        return [Path(os.fsdecode(row["place"])) for row in self._db.execute("SELECT place FROM outputs")]

    def _moved(self, file: IncomingFile) -> int | None:
        """The job of a file with the same content that no longer lies where it was; an absent mount proves nothing.

        A move keeps the time of the last change; two scans with the same fingerprint differ in it.

        """
        rows = self._db.execute(
            "SELECT id, folder, path FROM jobs WHERE fingerprint = ? AND mtime_ns = ? AND NOT superseded LIMIT ?",
            (file.fingerprint, file.identity.mtime_ns, SIMILAR_FILES),
        )
        places = ((int(job), Path(os.fsdecode(folder)), os.fsdecode(path)) for job, folder, path in rows)
        return next((job for job, folder, path in places if self._is_gone(folder, path)), None)

    def _is_gone(self, folder: Path, path: str) -> bool:
        """Whether a file no longer lies in its watched folder; one on a disk that does not answer may."""
        return self._questions.says_yes(folder, lambda: not exists(folder / path) and is_present(folder))


@contextmanager
def opened(folder: Path) -> Iterator[Journal]:
    """Write the journal of a state folder for a while.

    Raises:
        JournalError: it cannot be opened or used, or a newer tintd made it.

    """
    with usable(folder), closing(Journal(folder)) as journal:
        yield journal


def _place(folder: Path, path: Path) -> dict[str, object]:
    return {"folder": os.fsencode(folder), "path": os.fsencode(path), "name": os.fsencode(path.name)}


def _columns(identity: Identity) -> dict[str, object]:
    return {"size": identity.size, "mtime_ns": identity.mtime_ns, "inode": identity.inode}
