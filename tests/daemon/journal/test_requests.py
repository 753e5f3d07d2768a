"""Tests of daemon/journal/requests.py."""

from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.control.status import history_of
from daemon.journal import requests
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd
from daemon.journal.states import State
from tests.assets.journals import enter, start, started

INBOX = Path("/in")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A new journal."""
    return Journal(tmp_path)


def fail(journal: Journal, *names: str) -> None:
    """Enter files whose jobs fail."""
    for name in names:
        enter(journal, INBOX / name, INBOX)
        journal.fail(started(journal).id, AttemptEnd("failed", "broken"), 1)


def names(journal: Journal, *states: State) -> list[str]:
    """The paths of the jobs in these states."""
    return sorted(str(job.path) for job in journal.jobs(*states))


def test_failed_jobs_are_retried_with_all_their_attempts(journal: Journal) -> None:
    """Those that are meant, and no others."""
    fail(journal, "a", "b")
    requests.retry(journal, "a", 5)
    assert names(journal, "waiting") == ["a"]
    assert names(journal, "failed") == ["b"]
    assert started(journal, 5).attempts == 1


def test_a_cancelled_job_is_not_done(journal: Journal) -> None:
    """Whether it waits or runs; until it is retried."""
    for name in ("runs", "waits"):
        enter(journal, INBOX / name, INBOX)
    started(journal)
    assert len(requests.cancel(journal, "*", 2)) == 2
    assert start(journal, 5) is None
    assert [attempt.outcome for attempt in journal.attempts()] == ["cancelled"]
    requests.retry(journal, "*", 6)
    assert names(journal, "waiting") == ["runs", "waits"]


def test_a_done_file_is_coloured_again_when_asked(journal: Journal) -> None:
    """One that runs is not."""
    for name in ("done", "runs"):
        enter(journal, INBOX / name, INBOX)
    journal.finish(started(journal).id, 1)
    started(journal)
    requests.recolor(journal, "*", 2)
    assert names(journal, "waiting") == ["done"]


def test_a_forgotten_file_is_new(journal: Journal) -> None:
    """Nothing is left of it in the journal; a job that runs is not forgotten."""
    enter(journal, INBOX / "a", INBOX)
    job = started(journal)
    assert requests.forget(journal, "*") == []
    journal.fail(job.id, AttemptEnd("failed", "broken"), 2)
    assert len(requests.forget(journal, "*")) == 1
    assert list(journal.attempts()) == []
    assert enter(journal, INBOX / "a", INBOX) == "new"


@pytest.mark.parametrize("pattern", ["/in/sub/a [1].jpg", "sub/a [1].jpg", "a [1].jpg", "*", "sub/*", "a*", "/in/*"])
def test_a_file_is_meant_by_path_name_or_pattern(journal: Journal, pattern: str) -> None:
    """In its folder, or in full."""
    fail(journal, "sub/a [1].jpg")
    assert len(requests.retry(journal, pattern, 2)) == 1


@pytest.mark.parametrize("pattern", ["/in/a.jpg", "other/a.jpg", "a", "b*", ""])
def test_other_files_are_not_meant(journal: Journal, pattern: str) -> None:
    """Their path differs."""
    fail(journal, "sub/a.jpg")
    assert requests.retry(journal, pattern, 2) == []


@pytest.mark.parametrize("request_", [requests.retry, requests.recolor])
def test_a_name_with_brackets_is_a_name(journal: Journal, request_: Callable[[Journal, str, float], object]) -> None:
    """Not a class of characters, where there is a file that is called so, whatever its state; else it is a pattern."""
    fail(journal, "scan [1].jpg", "scan 1.jpg", "scan 2.jpg")
    request_(journal, "scan [1].jpg", 2)
    assert names(journal, "failed") == ["scan 1.jpg", "scan 2.jpg"]
    request_(journal, "scan [2].jpg", 3)
    assert names(journal, "failed") == ["scan 1.jpg"]


def test_a_name_with_brackets_means_no_other_file(journal: Journal) -> None:
    """Also where nothing can be done to it: it waits already. Its history is its own, too."""
    fail(journal, "scan 1.jpg")
    enter(journal, INBOX / "scan [1].jpg", INBOX)
    assert requests.retry(journal, "scan [1].jpg", 2) == []
    assert history_of(journal, "scan [1].jpg", None) == {"attempts": []}
    assert len(history_of(journal, "scan 1.jpg", None)["attempts"]) == 1


@pytest.mark.parametrize("pattern", ["*", "a.jpg", "a*"])
def test_a_request_reads_only_the_jobs_that_it_may_change(journal: Journal, pattern: str) -> None:
    """The others are found by an index, or not at all: a long history delays nothing."""
    fail(journal, "a.jpg")
    statements: list[str] = []
    journal.database.set_trace_callback(statements.append)
    requests.retry(journal, pattern, 2)
    journal.database.set_trace_callback(None)
    for statement in filter(lambda one: one.startswith("SELECT"), statements):
        plan = " ".join(row["detail"] for row in journal.database.execute(f"EXPLAIN QUERY PLAN {statement}"))
        assert "SCAN" not in plan, statement


def test_a_file_that_was_found_is_adopted(journal: Journal, tmp_path: Path) -> None:
    """One that has gone is not, nor the result of a job that has become another meanwhile."""
    for name in ("here", "gone", "changed"):
        enter(journal, INBOX / name, INBOX)
        job, result = started(journal), tmp_path / f"{name}.png"
        if name != "gone":
            result.write_bytes(b"colour")
        journal.leave(job.id, result, "it exists", 2)
    found = requests.look(journal, "*")
    assert [result.path.name for result in found.values()] == ["here.png", "changed.png"]
    requests.retry(journal, "changed", 3)
    assert len(requests.adopt(journal, found, 4)) == 1
    assert names(journal, "done") == ["here"]
