"""Tests of daemon/journal/journal.py."""

import multiprocessing
import os
import sqlite3
from pathlib import Path

import pytest

from daemon.control.status import history_of
from daemon.files.identity import Identity, Result, fingerprint, identify
from daemon.journal import requests
from daemon.journal.database import JournalError
from daemon.journal.journal import Journal
from daemon.journal.records import Making


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A new journal."""
    return Journal(tmp_path / "state")


def drop(tmp_path: Path, name: str, content: str) -> tuple[Path, Identity]:
    """A file in the inbox."""
    path = tmp_path / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    identity = identify(path)
    assert identity is not None
    return path, identity


def add(journal: Journal, tmp_path: Path, name: str, content: str = "", now: float = 0) -> str:
    """Drop a file and take it in."""
    path, identity = drop(tmp_path, name, content or name)
    return journal.add(path, tmp_path / "inbox", identity, fingerprint(path), now)


def move(journal: Journal, tmp_path: Path, old: str, new: str) -> str:
    """Move a file and take it in."""
    path = tmp_path / "inbox" / new
    path.parent.mkdir(exist_ok=True)
    (tmp_path / "inbox" / old).rename(path)
    identity = identify(path)
    assert identity is not None
    return journal.add(path, tmp_path / "inbox", identity, fingerprint(path), 0)


def test_files_are_taken_in_the_order_of_their_coming(journal: Journal, tmp_path: Path) -> None:
    """The one that has waited longest first; each once."""
    for now, name in enumerate("cab"):
        assert add(journal, tmp_path, name, now=now) == "new"
    taken = [journal.take(10, 20) for _ in range(4)]
    assert [entry.path.name if entry else None for entry in taken] == ["c", "a", "b", None]


def test_a_seen_file_is_not_taken_twice(journal: Journal, tmp_path: Path) -> None:
    """Not the same file, nor the same content touched or copied over itself."""
    add(journal, tmp_path, "a", "same")
    assert journal.take(1, 2) is not None
    assert add(journal, tmp_path, "a", "same") == "same"
    assert journal.counts()["queued"] == 0


def test_new_content_under_an_old_name_is_a_new_job(journal: Journal, tmp_path: Path) -> None:
    """The earlier job gives way."""
    add(journal, tmp_path, "a", "one")
    assert add(journal, tmp_path, "a", "two") == "new"
    assert journal.counts()["queued"] == 1


def test_a_moved_file_is_not_a_new_one(journal: Journal, tmp_path: Path) -> None:
    """Known content at a new place keeps its job, if the old place is empty."""
    add(journal, tmp_path, "a", "content")
    assert move(journal, tmp_path, "a", "sub/b") == "moved"
    entry = journal.take(1, 2)
    assert entry is not None
    assert entry.path == Path("sub/b")


def test_another_file_that_is_alike_where_it_is_looked_at_was_not_moved(journal: Journal, tmp_path: Path) -> None:
    """Scans of one size with white borders: the time of their last change tells them apart."""
    add(journal, tmp_path, "a", "content")
    (tmp_path / "inbox" / "a").unlink()
    os.utime(drop(tmp_path, "b", "content")[0], (1, 1))
    assert move(journal, tmp_path, "b", "c") == "new"


def test_a_reason_with_a_name_that_is_no_text_can_be_stored(journal: Journal, tmp_path: Path) -> None:
    """File systems take any bytes for a name."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 9)
    assert entry is not None
    journal.end(entry.id, "failed", os.fsdecode(b"bad\xff.txt: broken"), 1)
    assert [found.reason for found in journal.entries("failed")] == ["bad?.txt: broken"]


def test_a_copy_is_a_new_file(journal: Journal, tmp_path: Path) -> None:
    """As long as the first one is there."""
    add(journal, tmp_path, "a", "content")
    assert add(journal, tmp_path, "b", "content") == "new"


def test_an_absent_mount_does_not_make_files_moved(journal: Journal, tmp_path: Path) -> None:
    """Where the whole watched folder is away, its files are not gone."""
    add(journal, tmp_path, "a", "content")
    (tmp_path / "inbox").rename(tmp_path / "unmounted")
    path = tmp_path / "other" / "b"
    path.parent.mkdir()
    path.write_text("content")
    identity = identify(path)
    assert identity is not None
    assert journal.add(path, path.parent, identity, fingerprint(path), 0) == "new"


def test_a_lease_that_ended_is_taken_again(journal: Journal, tmp_path: Path) -> None:
    """A job whose worker is gone is not lost; one that is kept stays."""
    add(journal, tmp_path, "a")
    first = journal.take(0, lease=100)
    assert first is not None
    assert journal.take(99, 200) is None
    journal.extend(first.id, 300, 5, 10)
    assert journal.take(299, 400) is None
    again = journal.take(301, 400)
    assert again is not None
    assert (again.id, again.attempts) == (first.id, 2)


def test_a_job_that_is_put_back_waits(journal: Journal, tmp_path: Path) -> None:
    """Until it is due, with its reason; a refunded attempt does not count."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 10)
    assert entry is not None
    journal.put_back(entry.id, 50, "later", refund=True)
    assert journal.next_due() == 50
    assert journal.take(49, 60) is None
    again = journal.take(50, 60)
    assert again is not None
    assert (again.attempts, again.reason) == (1, "later")


def test_only_an_announced_result_counts_after_a_crash(journal: Journal, tmp_path: Path) -> None:
    """What an earlier attempt announced says nothing of this one."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 10)
    assert entry is not None
    result = Result(tmp_path / "outbox" / "a", Identity(3, 4, 5))
    journal.announce(entry.id, result, Making("s", "w", 1.0, ("note",)))
    assert [found for _, found in journal.interrupted()] == [result]
    journal.put_back(entry.id, 0, None, refund=False)
    journal.take(1, 10)
    assert [found for _, found in journal.interrupted()] == [None]


def test_what_is_announced_does_not_hide_what_lies_there(journal: Journal, tmp_path: Path) -> None:
    """Until it is published, both are known as ours; then it alone."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 10)
    assert entry is not None
    first, second = (Result(tmp_path / "outbox" / "a", Identity(size, 4, size)) for size in (3, 5))
    journal.announce(entry.id, first, Making("s", "w", 1.0))
    journal.finish(entry.id, 1)
    journal.requeue([entry.id], 2)
    journal.take(3, 10)
    journal.announce(entry.id, second, Making("s", "w", 1.0))
    assert [result for _, result in journal.results_at(first.path)] == [second, first]
    journal.finish(entry.id, 4)
    assert [result for _, result in journal.results_at(first.path)] == [second]


def test_what_an_older_tintd_announced_is_known(journal: Journal, tmp_path: Path) -> None:
    """It noted it as the output; its service was killed, and a newer one started."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 10)
    assert entry is not None
    result = Result(tmp_path / "outbox" / "a", Identity(3, 4, 5))
    journal.announce(entry.id, result, Making("s", "w", 1.0))
    database = journal.database
    database.execute("UPDATE jobs SET output = coming, output_size = 3, output_mtime_ns = 4, output_inode = 5")
    database.execute("DROP INDEX jobs_coming")
    for column in ("coming", "coming_size", "coming_mtime_ns", "coming_inode"):
        database.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
    database.execute("PRAGMA user_version = 5")
    journal.close()
    assert [found for _, found in Journal(tmp_path / "state").interrupted()] == [result]


def test_failed_jobs_are_retried_with_all_their_attempts(journal: Journal, tmp_path: Path) -> None:
    """Those that are meant, and no others."""
    for name in "ab":
        add(journal, tmp_path, name)
        entry = journal.take(0, 10)
        assert entry is not None
        journal.end(entry.id, "failed", "broken", 1)
    chosen = requests.retry(journal, "a", 5)
    assert [entry.path.name for entry in chosen] == ["a"]
    assert journal.counts() == {"queued": 1, "running": 0, "done": 0, "failed": 1, "skipped": 0}


def test_names_need_not_be_utf_8(journal: Journal, tmp_path: Path) -> None:
    """A name of any bytes comes back as it was."""
    name = os.fsdecode(b"br\xfccke\n[x].jpg")
    add(journal, tmp_path, name, "content")
    entry = journal.take(0, 10)
    assert entry is not None
    assert os.fsencode(entry.path) == b"br\xfccke\n[x].jpg"


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
    journal.take(0, 10)
    os.kill(os.getpid(), 9)


def test_a_newer_journal_is_refused(tmp_path: Path, journal: Journal) -> None:
    """An older tintd does not touch what it does not understand."""
    journal.close()
    with sqlite3.connect(tmp_path / "state" / "journal.sqlite3") as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer tintd"):
        Journal(tmp_path / "state")


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "journal.sqlite3").write_text("this is no database" * 100)
    with pytest.raises(JournalError, match=r"journal\.sqlite3"):
        Journal(tmp_path)


def test_every_attempt_is_remembered(journal: Journal, tmp_path: Path) -> None:
    """With its worker, its end, and the signal that ended it; what a service left open was interrupted."""
    add(journal, tmp_path, "a")
    entry = journal.take(0, 10)
    assert entry is not None
    journal.attempts.begin(entry.id, 1, "7 (cpu)", 1)
    journal.attempts.end(entry.id, "crashed", 2, "the worker crashed", "SIGSEGV")
    journal.attempts.begin(entry.id, 2, "8 (cpu)", 3)
    journal.attempts.interrupt(4)
    second, first = journal.attempts.latest()
    assert (first.source, first.number, first.outcome, first.signal) == (entry.source, 1, "crashed", "SIGSEGV")
    assert (second.begun, second.ended, second.outcome) == (3, 4, "interrupted")


def test_a_pause_outlives_the_service(journal: Journal, tmp_path: Path) -> None:
    """Until somebody ends it."""
    assert journal.paused is None
    journal.pause(5)
    assert Journal(tmp_path / "state").paused == 5
    journal.pause(None)
    assert journal.paused is None


def test_a_cancelled_job_is_not_done(journal: Journal, tmp_path: Path) -> None:
    """Until it is retried."""
    add(journal, tmp_path, "a")
    assert [entry.path.name for entry in requests.cancel(journal, "a", 1)] == ["a"]
    assert journal.take(5, 10) is None
    requests.retry(journal, "*", 6)
    assert journal.take(7, 10) is not None


def test_a_done_file_is_coloured_again_when_asked(journal: Journal, tmp_path: Path) -> None:
    """One that runs is not."""
    for name in "ab":
        add(journal, tmp_path, name)
    entry = journal.take(0, 10)
    assert entry is not None
    journal.finish(entry.id, 1)
    journal.take(0, 10)
    assert [chosen.path.name for chosen in requests.recolor(journal, "*", 2)] == ["a"]
    assert journal.counts()["queued"] == 1


def test_a_forgotten_file_is_new(journal: Journal, tmp_path: Path) -> None:
    """Nothing is left of it in the journal."""
    add(journal, tmp_path, "a", "content")
    entry = journal.take(0, 10)
    assert entry is not None
    journal.attempts.begin(entry.id, 1, "7", 1)
    assert requests.forget(journal, "*") == []
    journal.end(entry.id, "failed", "broken", 2)
    assert len(requests.forget(journal, "*")) == 1
    assert list(journal.attempts.latest()) == []
    assert add(journal, tmp_path, "a", "content") == "new"


@pytest.mark.parametrize("action", ["retry", "recolor", "forget"])
def test_a_name_with_brackets_is_a_name(journal: Journal, tmp_path: Path, action: str) -> None:
    """Not a class of characters, where there is a file that is called so, whatever its state; else it is a pattern."""
    for name in ("scan [1].jpg", "scan 1.jpg", "scan 2.jpg"):
        add(journal, tmp_path, name)
        entry = journal.take(0, 10)
        assert entry is not None
        journal.end(entry.id, "failed", "broken", 1)
    now = [] if action == "forget" else [2]
    chosen = getattr(requests, action)(journal, "scan [1].jpg", *now)
    assert [entry.path.name for entry in chosen] == ["scan [1].jpg"]
    assert {entry.path.name for entry in journal.entries("failed")} == {"scan 1.jpg", "scan 2.jpg"}
    assert len(getattr(requests, action)(journal, "scan [2].jpg", *now)) == 1
    assert [entry.path.name for entry in journal.entries("failed")] == ["scan 1.jpg"]


def test_a_name_with_brackets_means_no_other_file(journal: Journal, tmp_path: Path) -> None:
    """Also where nothing can be done to it: it waits already. Its history is its own, too."""
    for name in ("scan 1.jpg", "scan [1].jpg"):
        add(journal, tmp_path, name)
    entry = journal.take(0, 10)
    assert entry is not None
    journal.attempts.begin(entry.id, 1, "7", 1)
    journal.end(entry.id, "failed", "broken", 1)
    assert requests.retry(journal, "scan [1].jpg", 2) == []
    assert history_of(journal, "scan [1].jpg", None) == {"attempts": []}
    assert len(history_of(journal, "scan 1.jpg", None)["attempts"]) == 1
