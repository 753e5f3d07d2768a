"""Tests of daemon/jobs/dispatcher.py: with a real journal and real files, and an executor that is the test's."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from structlog.testing import capture_logs

from colorizer.fingerprint import fingerprint
from colorizer.report import Report
from daemon.config.settings import Config, Folder
from daemon.config.work import Work
from daemon.files.identity import identify, identify_frames
from daemon.jobs import assignment, looks, outcomes, workspace
from daemon.jobs.dispatcher import Dispatcher
from daemon.jobs.recovery import recover
from daemon.journal.journal import Journal
from daemon.runtime.log import take_entries
from daemon.workers import (
    ColourFiles,
    Crashed,
    Done,
    Event,
    Failed,
    Interrupted,
    Progress,
    Skipped,
)
from tests.assets.executor import FakeExecutor
from tests.assets.journals import enter
from tests.assets.pictures import write_grey

FILM = b"no photograph"
_NOBODY = 65_534


class Setup:
    """A dispatcher with its journal and its folders."""

    def __init__(self, root: Path) -> None:
        self.inbox, self.outbox = root / "in", root / "out"
        self.inbox.mkdir()
        self.outbox.mkdir()
        folder = Folder(input=self.inbox, output=self.outbox)
        self.config = Config(folders=(folder,), state=root / "state", work=Work(spare_mib=0))
        self.journal = Journal(self.config.state)
        self.executor = FakeExecutor([folder.colour])
        self.dispatcher = Dispatcher(self.config, self.journal, self.executor)

    def drop(self, name: str, content: bytes = FILM) -> None:
        """A file that enters the journal, a photograph by its suffix."""
        path = self.inbox / name
        if path.suffix == ".png":
            write_grey(path)
        else:
            path.write_bytes(content)
        enter(self.journal, path, self.inbox, identify(path), content=fingerprint(path) + name, now=time.time() - 9)

    def start(self) -> list[int]:
        """Let jobs start; returns those of the worker's task."""
        self.dispatcher.start_jobs()
        return list(self.executor.task.keys) if self.executor.task else []

    def end(self, event: Event) -> None:
        """Let the worker end its task."""
        self.executor.task = None
        self.dispatcher.handle_all([event])

    def history(self) -> list[tuple[str, str | None]]:
        """State and outcome of each job, the first one first."""
        rows = self.journal.database.execute(
            "SELECT state, outcome FROM jobs LEFT JOIN attempts ON job = jobs.id ORDER BY jobs.id, attempts.id"
        )
        return [(row["state"], row["outcome"]) for row in rows]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """No file is there yet."""
    return Setup(tmp_path)


def test_photographs_are_started_together_and_a_film_alone(setup: Setup) -> None:
    """In the order of the queue; the film that ends a batch comes next."""
    for name in ("a.png", "b.png", "film.mkv", "c.png"):
        setup.drop(name)
    assert setup.start() == [1, 2]
    assert isinstance(setup.executor.task, ColourFiles)
    setup.executor.task = None
    assert setup.start() == [3]
    setup.executor.task = None
    assert setup.start() == [4]


def test_a_job_is_read_once_before_it_starts(setup: Setup) -> None:
    """The row that the queue finds is all that is read, after the question whether a job was moved to the front."""
    setup.drop("film.mkv")
    statements: list[str] = []
    setup.journal.database.set_trace_callback(statements.append)
    assert setup.start() == [1]
    setup.journal.database.set_trace_callback(None)
    read = [one for one in statements if "SELECT *" in one and "FROM jobs" in one and "jobs_front" not in one]
    assert len(read) == 1
    assert statements.count("COMMIT") == 1


def test_progress_is_written_every_few_seconds(setup: Setup) -> None:
    """Hundreds of messages make one transaction, and that one does not wait for the disk."""
    setup.drop("film.mkv")
    setup.start()
    take_entries()
    statements: list[str] = []
    setup.journal.database.set_trace_callback(statements.append)
    for done in range(1, 301):
        setup.dispatcher.handle_all([Progress(1, done, 300)])
        setup.dispatcher.write_progress()
    setup.journal.database.set_trace_callback(None)
    assert statements.count("COMMIT") == 1
    assert statements[0] == "PRAGMA synchronous = NORMAL"
    assert setup.dispatcher.running[1].frames_done == 300


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Skipped(1, "in colour"), ("skipped", "skipped")),
        (Failed(1, "unsupported", "no picture"), ("skipped", "skipped")),
        (Failed(1, "failed", "damaged"), ("waiting", "failed")),
        (Failed(1, "unwritten", "no space left"), ("held", "held")),
        (Crashed(1, "crashed", "SIGSEGV"), ("waiting", "crashed")),
        (Crashed(1, "no progress", "SIGKILL", is_stopped=True), ("waiting", "stopped")),
        (Interrupted(1), ("waiting", "put back")),
    ],
)
def test_every_end_is_in_the_journal(setup: Setup, event: Event, expected: tuple[str, str]) -> None:
    """The state of the job and the outcome of the attempt."""
    setup.drop("film.mkv")
    setup.start()
    setup.end(event)
    assert setup.history() == [expected]
    assert not setup.dispatcher.running
    assert list(setup.outbox.glob(".tintd-*")) == []


def test_a_result_is_published(setup: Setup) -> None:
    """Under the name of its original, with how it was made."""
    setup.drop("film.mkv")
    setup.start()
    setup.dispatcher.running[1].result.write_bytes(b"coloured")
    setup.end(Done(1, Report("film", ".mkv", 64, 64, notes=("a note",)), "weights"))
    assert (setup.outbox / "film.mkv").read_bytes() == b"coloured"
    [job] = setup.journal.jobs("done")
    assert (job.output, job.weights, job.notes) == (setup.outbox / "film.mkv", "weights", ("a note",))
    assert setup.history() == [("done", "done")]


def test_a_file_that_is_touched_while_it_is_coloured_is_done(setup: Setup) -> None:
    """Breaks: its time of change. It was found to have the same content, so the result is that of this file."""
    setup.drop("film.mkv")
    setup.start()
    path = setup.inbox / "film.mkv"
    os.utime(path, ns=(1, 1))
    assert enter(setup.journal, path, setup.inbox, identify(path), content=fingerprint(path) + "film.mkv") == "same"
    setup.dispatcher.running[1].result.write_bytes(b"coloured")
    setup.end(Done(1, Report("film", ".mkv", 64, 64), "weights"))
    assert setup.history() == [("done", "done")]


def test_a_file_that_changed_is_not_started(setup: Setup) -> None:
    """What lies there now is found as a new file; no attempt is noted."""
    setup.drop("film.mkv")
    (setup.inbox / "film.mkv").write_bytes(b"another")
    assert setup.start() == []
    assert setup.journal.job(1) is None
    assert list(setup.journal.attempts()) == []


def test_an_output_folder_that_cannot_be_written_holds_the_job(setup: Setup) -> None:
    """Its attempts do not count, however often it is tried."""
    setup.drop("film.mkv")
    setup.outbox.rmdir()
    setup.outbox.write_text("a file where the folder should be")
    assert setup.start() == []
    [job] = setup.journal.jobs("held")
    assert (job.attempts, job.reason is not None) == (0, True)


def test_cancelled_jobs_are_stopped(setup: Setup) -> None:
    """The running one too."""
    for name in ("a.mkv", "b.mkv"):
        setup.drop(name)
    setup.start()
    assert sorted(setup.dispatcher.cancel("*")) == [1, 2]
    assert setup.executor.cancelled == [1]
    assert setup.history() == [("skipped", "cancelled"), ("skipped", None)]


def test_running_jobs_are_put_back(setup: Setup) -> None:
    """Their attempts do not count."""
    setup.drop("film.mkv")
    setup.start()
    setup.dispatcher.put_back()
    assert setup.executor.cancelled == [1]
    assert [job.attempts for job in setup.journal.jobs("waiting")] == [0]


def test_a_parked_worker_is_brought_back_by_work(setup: Setup) -> None:
    """It is given the work when it is ready."""
    setup.executor.is_parked = True
    assert setup.start() == []
    assert setup.executor.is_parked, "nothing is due"
    setup.drop("film.mkv")
    assert setup.start() == []
    assert not setup.executor.is_parked
    assert setup.start() == [1]


def test_an_unexpected_error_says_where_its_trace_is(setup: Setup) -> None:
    """In the log, where the person who is asked to report it finds it."""
    setup.drop("a.png")
    for _ in range(9):
        if not setup.start():
            break
        setup.end(Failed(1, "failed", "a.png: please report it", trace="KeyError: 'x'"))
        setup.journal.database.execute("UPDATE jobs SET due = 0")
    reason = setup.journal.database.execute("SELECT reason FROM jobs").fetchone()["reason"]
    assert reason == "a.png: please report it (the trace is in tintd's log, at `unexpected error`)"


def test_too_many_open_files_leave_no_job_running(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: the second photograph of a batch cannot be looked at. The first one waits again, without a worker."""
    for name in ("a.png", "b.png"):
        setup.drop(name)
    prepare, calls = workspace.prepare, iter([None, OSError(errno.EMFILE, "too many open files")])

    def fail_at_second(place: Path) -> None:
        if (error := next(calls)) is not None:
            raise error
        prepare(place)

    monkeypatch.setattr(assignment, "prepare", fail_at_second)
    monkeypatch.setattr(setup.dispatcher._outcomes, "hold_waiting", fail)  # noqa: SLF001 (it needs a file, too)
    with pytest.raises(OSError, match="too many"):
        setup.dispatcher.start_jobs()
    assert setup.history() == [("waiting", None), ("waiting", None)]
    assert not list(setup.outbox.iterdir())
    assert not setup.dispatcher.running


def test_too_many_open_files_at_the_end_of_a_job_harm_no_other(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: the jobs that ended together with it were forgotten, and ran for ever, without a worker."""
    for name in ("a.png", "b.png"):
        setup.drop(name)
    first, second = setup.start()
    assert isinstance(setup.executor.task, ColourFiles)
    for number in (first, second):
        setup.executor.task.jobs[number].target.write_bytes(b"colour")
    calls = iter([fail, lambda: None])
    monkeypatch.setattr(outcomes, "move_original", lambda *_: next(calls)())
    report = Report(kind="photo", suffix=".png", width=1, height=1)
    with capture_logs() as entries:
        setup.dispatcher.handle_all([Done(number, report, "weights") for number in (first, second)])
    assert setup.history() == [("done", "done"), ("done", "done")]
    assert not setup.dispatcher.running
    (told,) = [entry for entry in entries if entry["log_level"] == "warning"]
    assert "too many open files" in told["reason"]


def test_a_job_whose_end_fails_waits(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: too many files are open before its result has a name; it ran for ever, without a worker."""
    setup.drop("a.png")
    (number,) = setup.start()
    monkeypatch.setattr(outcomes.Outcomes, "_latest", fail)
    setup.end(Done(number, Report(kind="photo", suffix=".png", width=1, height=1), "weights"))
    assert [state for state, _ in setup.history()] == ["held"]


def fail(*_: object) -> None:
    """Nothing can be opened."""
    raise OSError(errno.EMFILE, "too many open files")


def test_many_frames_are_looked_at_in_a_thread(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: the main loop looked at each of 100,000 frames, and nobody was answered meanwhile."""
    setup.drop("scan.vob")
    (number,) = setup.start()
    assert isinstance(setup.executor.task, ColourFiles)
    result = setup.executor.task.jobs[number].target
    result.mkdir()
    for frame in range(5):
        (result / f"scan.{frame}.png").write_bytes(b"frame")
    may_look = threading.Event()
    monkeypatch.setattr(looks, "identify_frames", lambda path: identify_frames(path) if may_look.wait(60) else None)
    setup.end(Done(number, Report(kind="film", suffix=".frames", width=1, height=1), "weights"))
    assert setup.history() == [("running", None)]
    may_look.set()
    while setup.dispatcher.running:
        setup.dispatcher.handle_all(())
    assert setup.history() == [("done", "done")]
    (published,) = setup.journal.results_at(setup.outbox / "scan.frames")
    assert published[1].identity == identify(setup.outbox / "scan.frames")


def test_a_job_that_is_cancelled_while_its_frames_are_looked_at_is_not_published(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given up; nothing lies in the output folder. The look goes on until it is cancelled."""
    is_cancelled = threading.Event()
    monkeypatch.setattr(looks, "identify_frames", lambda folder: is_cancelled.wait() and identify_frames(folder))
    setup.drop("scan.vob")
    (number,) = setup.start()
    assert isinstance(setup.executor.task, ColourFiles)
    setup.executor.task.jobs[number].target.mkdir()
    setup.end(Done(number, Report(kind="film", suffix=".frames", width=1, height=1), "weights"))
    setup.dispatcher.cancel("*")
    is_cancelled.set()
    for look in (thread for thread in threading.enumerate() if thread.name == "look"):
        look.join()
    setup.dispatcher.handle_all(())
    assert setup.history()[0][0] == "skipped"
    assert not (setup.outbox / "scan.frames").exists()


def test_a_result_whose_folder_cannot_be_entered_waits() -> None:
    """Breaks: the rights of the output folder, or the share on which it lies; this ended the service."""
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        setup = Setup(root)
        setup.drop("film.mkv")
        setup.start()
        setup.dispatcher.running[1].result.write_bytes(b"coloured")
        with unentered(setup.outbox):
            setup.end(Done(1, Report("film", ".mkv", 64, 64), "weights"))
        (held,) = setup.journal.jobs("held")
    assert "Permission denied" in (held.reason or "")


@contextmanager
def unentered(folder: Path) -> Iterator[None]:
    """Nobody may enter a folder; root becomes another user meanwhile."""
    is_root, mode = os.geteuid() == 0, stat.S_IMODE(folder.stat().st_mode)
    folder.chmod(0)
    if is_root:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(mode)


def test_results_are_forgotten_where_the_journal_could_not_be_written(setup: Setup) -> None:
    """Breaks: the journal, while a job fails that ended with another. Both wait, and are not published any more."""
    for name in ("a.png", "b.png"):
        setup.drop(name)
    numbers = setup.start()
    setup.dispatcher.running[numbers[0]].result.write_bytes(b"result")
    report = Report(kind="photo", suffix=".png", width=1, height=1)
    setup.journal.database.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        setup.dispatcher.handle_all([Done(numbers[0], report, "weights"), Failed(numbers[1], "failed", "damaged")])
    setup.journal.database.execute("PRAGMA query_only = OFF")
    setup.dispatcher.abandon()
    recover(setup.journal, setup.config, time.time(), counts=False)
    setup.dispatcher.handle_all(())
    assert setup.history() == [("waiting", "interrupted")] * 2
    assert not (setup.outbox / "a.png").exists()


def test_results_that_come_together_wait_for_the_disk_together(setup: Setup) -> None:
    """Three results take as many transactions as one, and each is published, announced before it is named."""
    for name in ("a.png", "b.png", "c.png", "d.png"):
        setup.drop(name)
    numbers = setup.start()
    assert isinstance(setup.executor.task, ColourFiles)
    jobs, setup.executor.task = setup.executor.task.jobs, None
    for number in numbers:
        jobs[number].target.write_bytes(b"result")
    report = Report(kind="photo", suffix=".png", width=1, height=1)
    commits = []
    for group in (numbers[:1], numbers[1:]):
        statements: list[str] = []
        setup.journal.database.set_trace_callback(statements.append)
        setup.dispatcher.handle_all([Done(number, report, "weights") for number in group])
        setup.journal.database.set_trace_callback(None)
        commits.append(statements.count("COMMIT"))
    assert commits[0] == commits[1]
    assert setup.history() == [("done", "done")] * 4
    assert sorted(path.name for path in setup.outbox.iterdir()) == ["a.png", "b.png", "c.png", "d.png"]


def test_one_result_that_cannot_be_published_holds_up_no_other(setup: Setup) -> None:
    """Of three that come together the second has gone: it waits, the others are done."""
    for name in ("a.png", "b.png", "c.png"):
        setup.drop(name)
    numbers = setup.start()
    assert isinstance(setup.executor.task, ColourFiles)
    for number in (numbers[0], numbers[2]):
        setup.executor.task.jobs[number].target.write_bytes(b"result")
    report = Report(kind="photo", suffix=".png", width=1, height=1)
    setup.dispatcher.handle_all([Done(number, report, "weights") for number in numbers])
    assert setup.history() == [("done", "done"), ("held", "held"), ("done", "done")]
    assert sorted(path.name for path in setup.outbox.iterdir()) == ["a.png", "c.png"]
