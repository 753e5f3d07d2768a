"""Tests of daemon/journal/journal.py and reader.py."""

import multiprocessing
import os
from pathlib import Path

import pytest

from colorizer.fingerprint import fingerprint
from daemon.control.status import history_of
from daemon.files.identity import Identity, Result, identify
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd, IncomingFile, ResultMetadata
from daemon.journal.states import TransitionError
from tests.assets.journals import start, started

METADATA = ResultMetadata("settings", "weights", 1.0, ("note",))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A new journal."""
    return Journal(tmp_path / "state")


def drop(tmp_path: Path, name: str, content: str) -> IncomingFile:
    """A file in the inbox."""
    path = tmp_path / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return found(tmp_path, path)


def found(tmp_path: Path, path: Path) -> IncomingFile:
    """A file as it lies there."""
    identity = identify(path)
    assert identity is not None
    return IncomingFile(tmp_path / "inbox", path.relative_to(tmp_path / "inbox"), identity, fingerprint(path))


def add(journal: Journal, tmp_path: Path, name: str, content: str = "", now: float = 0) -> str:
    """Drop a file and enter it."""
    return journal.add(drop(tmp_path, name, content or name), now)


def move(journal: Journal, tmp_path: Path, old: str, new: str) -> str:
    """Move a file and enter it."""
    path = tmp_path / "inbox" / new
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "inbox" / old).rename(path)
    return journal.add(found(tmp_path, path), 0)


def test_a_known_file_is_not_new(journal: Journal, tmp_path: Path) -> None:
    """The same file, or the same content touched or copied over itself, makes no second job."""
    add(journal, tmp_path, "a", "same")
    started(journal)
    assert add(journal, tmp_path, "a", "same") == "same"
    assert journal.counts()["waiting"] == 0


def test_new_content_under_an_old_name_is_a_new_job(journal: Journal, tmp_path: Path) -> None:
    """The earlier job gives way."""
    add(journal, tmp_path, "a", "one")
    assert add(journal, tmp_path, "a", "two") == "new"
    assert journal.counts()["waiting"] == 1


def test_a_moved_file_is_not_a_new_one(journal: Journal, tmp_path: Path) -> None:
    """Known content at a new place keeps its job, if the old place is empty."""
    add(journal, tmp_path, "a", "content")
    assert move(journal, tmp_path, "a", "sub/b") == "moved"
    assert started(journal).path == Path("sub/b")


def test_a_file_with_the_same_fingerprint_was_not_moved(journal: Journal, tmp_path: Path) -> None:
    """Scans of one size with white borders: the time of their last change tells them apart."""
    add(journal, tmp_path, "a", "content")
    (tmp_path / "inbox" / "a").unlink()
    drop(tmp_path, "b", "content")
    os.utime(tmp_path / "inbox" / "b", (1, 1))
    assert move(journal, tmp_path, "b", "c") == "new"


def test_a_copy_is_a_new_file(journal: Journal, tmp_path: Path) -> None:
    """As long as the first one is there."""
    add(journal, tmp_path, "a", "content")
    assert add(journal, tmp_path, "b", "content") == "new"


def test_an_absent_mount_does_not_make_files_moved(journal: Journal, tmp_path: Path) -> None:
    """Where the whole watched folder is away, its files are not gone."""
    add(journal, tmp_path, "a", "content")
    (tmp_path / "inbox").rename(tmp_path / "unmounted")
    assert add(journal, tmp_path, "../inbox/b", "content") == "new"


def test_names_need_not_be_utf_8(journal: Journal, tmp_path: Path) -> None:
    """A name of any bytes comes back as it was."""
    add(journal, tmp_path, os.fsdecode(b"br\xfccke\n[x].jpg"), "content")
    assert os.fsencode(started(journal).path) == b"br\xfccke\n[x].jpg"


def test_a_reason_with_a_name_that_is_no_text_can_be_stored(journal: Journal, tmp_path: Path) -> None:
    """File systems take any bytes for a name."""
    add(journal, tmp_path, "a")
    journal.fail(started(journal).id, AttemptEnd("failed", os.fsdecode(b"bad\xff.txt: broken")), 1)
    assert [job.reason for job in journal.jobs("failed")] == ["bad?.txt: broken"]
    assert [attempt.reason for attempt in journal.attempts()] == ["bad?.txt: broken"]


def test_a_job_that_is_tried_again_waits(journal: Journal, tmp_path: Path) -> None:
    """Until it is due, with its reason; a refunded attempt does not count."""
    add(journal, tmp_path, "a")
    journal.try_again(started(journal).id, AttemptEnd("crashed", "later", "SIGSEGV"), 50, 2, refund=True)
    assert journal.next_due() == 50
    assert start(journal, 49) is None
    job = started(journal, 50)
    assert (job.attempts, job.reason) == (1, "later")


def test_a_held_job_waits_and_is_started_again(journal: Journal, tmp_path: Path) -> None:
    """Its attempt does not count, and people see that it is held."""
    add(journal, tmp_path, "a")
    journal.hold(started(journal).id, "the disk is full", 50, 2)
    assert journal.counts()["held"] == 1
    assert journal.next_due() == 50
    assert started(journal, 50).attempts == 1


def test_a_job_that_never_started_can_be_held(journal: Journal, tmp_path: Path) -> None:
    """No attempt is taken back that was never made."""
    add(journal, tmp_path, "a")
    [job] = journal.jobs("waiting")
    journal.hold(job.id, "the output folder cannot be written", 50, 2)
    journal.hold(job.id, "the output folder cannot be written", 60, 52)
    assert [held.attempts for held in journal.jobs("held")] == [0]
    assert list(journal.attempts()) == []


def test_a_running_job_whose_file_changed_gives_way(journal: Journal, tmp_path: Path) -> None:
    """The new content is a job of its own; the old one ends as superseded."""
    add(journal, tmp_path, "a", "one")
    job = started(journal)
    add(journal, tmp_path, "a", "two")
    journal.supersede(job.id, 2, "it crashed", "SIGSEGV")
    [attempt] = journal.attempts()
    assert (attempt.outcome, attempt.signal) == ("superseded", "SIGSEGV")
    assert journal.interrupted() == []
    assert journal.counts()["waiting"] == 1


def test_only_an_announced_result_counts_after_a_crash(journal: Journal, tmp_path: Path) -> None:
    """What an earlier attempt announced says nothing of this one."""
    add(journal, tmp_path, "a")
    job = started(journal)
    result = Result(tmp_path / "outbox" / "a", Identity(3, 4, 5))
    journal.announce(job.id, result, METADATA)
    assert [announced for _, announced in journal.interrupted()] == [result]
    journal.interrupt(job.id, None, 0, 2, counts=True)
    started(journal)
    assert [announced for _, announced in journal.interrupted()] == [None]


def test_what_is_announced_does_not_hide_what_lies_there(journal: Journal, tmp_path: Path) -> None:
    """Until it is published, both are known as ours; then it alone."""
    add(journal, tmp_path, "a")
    job = started(journal)
    first, second = (Result(tmp_path / "outbox" / "a", Identity(size, 4, size)) for size in (3, 5))
    journal.announce(job.id, first, METADATA)
    journal.finish(job.id, 1)
    journal.requeue([job.id], 2)
    started(journal, 3)
    journal.announce(job.id, second, METADATA)
    assert [result for _, result in journal.results_at(first.path)] == [second, first]
    journal.finish(job.id, 4)
    assert [result for _, result in journal.results_at(first.path)] == [second]


def test_the_journal_survives_its_process(tmp_path: Path) -> None:
    """What was committed before a kill -9 is there after it."""
    spawning = multiprocessing.get_context("spawn")
    process = spawning.Process(target=_add_and_die, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert Journal(tmp_path / "state").counts()["running"] == 1


def _add_and_die(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state")
    add(journal, tmp_path, "a")
    started(journal)
    os.kill(os.getpid(), 9)


def test_every_attempt_is_remembered(journal: Journal, tmp_path: Path) -> None:
    """With its worker, its end, and the signal that ended it."""
    add(journal, tmp_path, "a")
    job = started(journal)
    journal.try_again(job.id, AttemptEnd("crashed", "the worker crashed", "SIGSEGV"), 2, 2, refund=False)
    started(journal, 3)
    journal.interrupt(job.id, "the service ended", 4, 4, counts=True)
    second, first = journal.attempts()
    assert (first.source, first.number, first.outcome, first.signal) == (job.source, 1, "crashed", "SIGSEGV")
    assert (second.number, second.begun, second.ended, second.outcome) == (2, 3, 4, "interrupted")
    assert len(history_of(journal, "a", None)["attempts"]) == 2


def test_a_pause_outlives_the_service(journal: Journal, tmp_path: Path) -> None:
    """Until somebody ends it."""
    assert journal.paused is None
    journal.pause(5)
    assert Journal(tmp_path / "state").paused == 5
    journal.pause(None)
    assert journal.paused is None


def test_progress_does_not_wait_for_the_disk(journal: Journal, tmp_path: Path) -> None:
    """It is written in one transaction without a flush; the outcomes after it are flushed again."""
    for name in "ab":
        add(journal, tmp_path, name)
        started(journal)
    statements: list[str] = []
    journal.database.set_trace_callback(statements.append)
    journal.note_progress({1: (5, 10, None), 2: (7, 0, 0.25)})
    journal.database.set_trace_callback(None)
    assert [(job.frames_done, job.read) for job in journal.jobs("running")] == [(7, 0.25), (5, None)]
    assert statements[0] == "PRAGMA synchronous = NORMAL"
    assert sum(statement.startswith("COMMIT") for statement in statements) == 1
    assert journal.database.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_job_that_has_ended_cannot_end_again(journal: Journal, tmp_path: Path) -> None:
    """The journal refuses, and neither the job nor its history changes."""
    add(journal, tmp_path, "a")
    job = started(journal)
    journal.fail(job.id, AttemptEnd("failed", "broken"), 2)
    with pytest.raises(TransitionError, match="failed cannot become done"):
        journal.finish(job.id, 3)
    with pytest.raises(TransitionError, match="leaves no job failed"):
        journal.fail(job.id, AttemptEnd("done"), 3)
    assert journal.counts()["failed"] == 1
    assert [attempt.ended for attempt in journal.attempts()] == [2]
