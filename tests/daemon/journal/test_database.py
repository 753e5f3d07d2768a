"""Tests of daemon/journal/database.py and schema.py."""

import shutil
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from daemon.config.settings import Config, Folder
from daemon.files.identity import Identity, Result
from daemon.jobs.recovery import recover
from daemon.journal.database import JournalError
from daemon.journal.journal import Journal
from daemon.journal.reader import opened_to_read
from daemon.journal.schema import MIGRATIONS
from tests.assets.journals import OLD_JOURNAL, started

INBOX, OUTBOX = Path("/srv/old/in"), Path("/srv/old/out")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A state folder with the journal of version 0.1."""
    shutil.copyfile(OLD_JOURNAL, tmp_path / "journal.sqlite3")
    return tmp_path


def test_a_journal_of_version_0_1_is_opened(old: Path) -> None:
    """Each job keeps its state, its file, its attempts, its result and its reason."""
    journal = Journal(old)
    jobs = {str(job.path): job for job in journal.jobs("waiting", "running", "done", "failed", "skipped")}
    assert {path: job.state for path, job in jobs.items()} == {
        "announced.jpg": "running",
        "br\udcfccke.mp4": "waiting",
        "changed.jpg": "waiting",
        "done.jpg": "done",
        "killed.jpg": "done",
        "queued.jpg": "waiting",
        "retry.png": "waiting",
        "running.mkv": "running",
        "skipped [1].txt": "skipped",
        "sub/failed.mkv": "failed",
    }
    done = jobs["done.jpg"]
    assert (done.output, done.seconds, done.settings, done.weights, done.notes) == (
        OUTBOX / "done.jpg",
        2.5,
        "settings1",
        "weights1",
        ("the thumbnail was not kept",),
    )
    assert done.identity == Identity(1001, 10**18 + 1, 1)
    assert (jobs["retry.png"].attempts, jobs["retry.png"].due, jobs["retry.png"].reason) == (
        1,
        1.7e9 + 4100,
        "retry.png: it is cut off",
    )
    assert jobs["sub/failed.mkv"].reason == "failed.mkv: it is damaged"
    assert [result for _, result in journal.results_at(OUTBOX / "done.jpg")] == [
        Result(OUTBOX / "done.jpg", Identity(2000, 10**18 + 50, 77))
    ]
    assert (journal.paused, journal.outputs([])) == (1.7e9 + 190, [OUTBOX])
    assert [job for job, *_ in journal.named("failed.mkv")] == [jobs["sub/failed.mkv"].id]


def test_the_history_of_version_0_1_agrees_with_its_jobs(old: Path) -> None:
    """An attempt that was open although its job had ended, by a kill between the two, ends like the job."""
    journal = Journal(old)
    outcomes = {attempt.source.name: attempt.outcome for attempt in journal.attempts()}
    assert outcomes["killed.jpg"] == "done"
    assert [name for name, outcome in outcomes.items() if outcome is None] == ["announced.jpg", "running.mkv"]


def test_the_events_of_version_0_1_are_delivered(old: Path) -> None:
    """Those that wait for another delivery wait as long as before."""
    journal = Journal(old)
    event = journal.outbox.next(1.7e9 + 200)
    assert event is not None
    assert (event.id, event.state, event.file, event.output) == (1, "done", f"{INBOX}/done.jpg", f"{OUTBOX}/done.jpg")
    journal.outbox.remove(event)
    second = journal.outbox.next(1.7e9 + 200)
    assert second is not None
    journal.outbox.remove(second)
    assert journal.outbox.next(1.7e9 + 200) is None
    assert journal.outbox.next_due() == 1.7e9 + 600


def test_the_jobs_of_version_0_1_go_on(old: Path) -> None:
    """Interrupted jobs wait, and each waiting job can be started."""
    journal = Journal(old)
    recover(journal, Config(folders=(Folder(input=INBOX, output=OUTBOX),)), 1.8e9, counts=True)
    assert journal.counts() == {"running": 0, "waiting": 6, "held": 0, "failed": 1, "skipped": 1, "done": 2}
    for _ in range(6):
        started(journal, 1.9e9)


def test_a_journal_is_copied_before_it_is_migrated(old: Path) -> None:
    """The copy is the journal as it was; a new journal needs no copy."""
    Journal(old).close()
    with closing(sqlite3.connect(old / "journal.sqlite3.version-6")) as copy:
        assert copy.execute("PRAGMA user_version").fetchone() == (6,)
        assert copy.execute("SELECT count(*) FROM jobs WHERE state = 'queued'").fetchone() == (5,)
    Journal(old / "new").close()
    assert [path.name for path in (old / "new").iterdir()] == ["journal.sqlite3"]


def test_a_migration_that_fails_changes_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal stays at its old version, and the next start tries again."""
    with monkeypatch.context() as broken:
        broken.setattr("daemon.journal.database.MIGRATIONS", (*MIGRATIONS, "SELECT nonsense"))
        with pytest.raises(JournalError, match=r"journal\.sqlite3"):
            Journal(old)
    with closing(sqlite3.connect(old / "journal.sqlite3")) as unchanged:
        assert unchanged.execute("PRAGMA user_version").fetchone() == (6,)
    assert Journal(old).counts()["waiting"] == 4


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
def test_a_journal_of_any_version_is_migrated(tmp_path: Path, version: int) -> None:
    """The steps lead from each version to the present one."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database:
        database.create_function("last_part", 1, lambda path: path.rpartition(b"/")[2], deterministic=True)
        for step in MIGRATIONS[:version]:
            database.executescript(step)
        names, values = (", name, film, seen", ", CAST('a' AS BLOB), 0, 0") if version >= 7 else ("", "")
        database.execute(
            f"INSERT INTO jobs (folder, path, size, mtime_ns, inode, fingerprint, due, found{names})"  # noqa: S608
            f" VALUES (CAST('/in' AS BLOB), CAST('sub/a' AS BLOB), 1, 1, 1, 'f', 0, 0{values})"
        )
        database.execute(f"PRAGMA user_version = {version}")
        database.commit()
    journal = Journal(tmp_path)
    assert started(journal).source == Path("/in/sub/a")
    assert [job for job, *_ in journal.named("a")] == [1]


def test_an_announced_result_of_an_old_version_is_known(tmp_path: Path) -> None:
    """Version 5 noted it as the output; its service was killed, and a newer one started."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database:
        for step in MIGRATIONS[:5]:
            database.executescript(step)
        database.execute(
            "INSERT INTO jobs (folder, path, size, mtime_ns, inode, fingerprint, due, found, state, announced,"
            " output, output_size, output_mtime_ns, output_inode) VALUES (CAST('/in' AS BLOB), CAST('a' AS BLOB),"
            " 1, 1, 1, 'f', 0, 0, 'running', 1, CAST('/out/a' AS BLOB), 3, 4, 5)"
        )
        database.execute("PRAGMA user_version = 5")
        database.commit()
    assert [result for _, result in Journal(tmp_path).interrupted()] == [Result(Path("/out/a"), Identity(3, 4, 5))]


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """An older tintd does not touch what it does not understand."""
    Journal(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite3")) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer tintd"):
        Journal(tmp_path)
    with pytest.raises(JournalError, match="newer tintd"), opened_to_read(tmp_path):
        pass


def test_a_file_that_is_no_journal_is_refused(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / "journal.sqlite3").write_text("this is no database" * 100)
    with pytest.raises(JournalError, match=r"journal\.sqlite3"):
        Journal(tmp_path)


def test_an_older_journal_is_not_read_before_it_is_migrated(old: Path) -> None:
    """Who only reads changes nothing, and says what to do."""
    with pytest.raises(JournalError, match="start `tintd run` once"), opened_to_read(old):
        pass


def test_only_the_owner_may_read_the_journal(tmp_path: Path) -> None:
    """It has the names of all files; one that an earlier version made readable is closed, too."""
    (tmp_path / "journal.sqlite3").touch(mode=0o644)
    journal = Journal(tmp_path)
    journal.pause(1)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "journal.sqlite3": 0o600,
        "journal.sqlite3-wal": 0o600,
        "journal.sqlite3-shm": 0o600,
    }
