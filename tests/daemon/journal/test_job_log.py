"""Tests of daemon/journal/job_log.py: what the log says about a job is kept with its attempts, within limits."""

import json
from pathlib import Path

import pytest

from daemon.control.status import describe_line, history_of
from daemon.journal.job_log import MOST_CHARACTERS, MOST_LINES, LogLine
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd
from tests.assets.journals import enter, started

INBOX = Path("/in")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal with one job, whose first attempt has failed and whose second one goes on."""
    journal = Journal(tmp_path)
    enter(journal, INBOX / "a.png", INBOX)
    journal.try_again(started(journal, 10).id, AttemptEnd("failed", "no"), 15, 15, refund=False)
    started(journal, 20)
    return journal


def line(at: float, event: str = "colouring", **details: object) -> tuple[int, LogLine]:
    """A line about the job."""
    return 1, LogLine(at, "info", event, details)


def test_a_line_stays_with_the_attempt_that_it_is_about(journal: Journal) -> None:
    """The one that had begun last at its time; a line about an unknown job, or from before, is dropped."""
    journal.job_log.add([line(5, "early"), (7, line(9)[1]), line(10, "first"), line(15, "failed"), line(21, "second")])
    second, first = journal.attempts_at(1)
    assert [one.event for one in first.log] == ["first", "failed"]
    assert [one.event for one in second.log] == ["second"]


def test_an_attempt_keeps_its_latest_lines(journal: Journal) -> None:
    """So many, and so many characters; of a long text, such as a traceback, the end stays."""
    journal.job_log.add(line(20 + number, f"line {number}") for number in range(2 * MOST_LINES))
    attempt = next(journal.attempts_at(1))
    assert [one.event for one in attempt.log] == [f"line {MOST_LINES + number}" for number in range(MOST_LINES)]
    for number in range(20):
        journal.job_log.add([line(200, f"long {number}", trace="x" * 100_000 + "the end")])
    attempt = next(journal.attempts_at(1))
    assert attempt.log[-1].event == "long 19"
    assert attempt.log[-1].details["trace"].endswith("the end")
    [stored] = journal.database.execute("SELECT max(length(log)) FROM attempts").fetchone()
    assert stored <= MOST_CHARACTERS


def test_any_value_is_kept_as_text(journal: Journal) -> None:
    """Also a path whose bytes are not UTF-8, and a tuple of notes; people and programs read it."""
    entry = {"event": "done", "level": "info", "job": 1, "file": "/in/a.png", "output": Path("/out/\udcff.png")}
    journal.job_log.add([(1, LogLine.of_entry(30, entry | {"notes": ("a", "b"), "seconds": 0, "reason": None}))])
    [found, _] = history_of(journal, "*", None, log=True)["attempts"]
    assert json.loads(json.dumps(found["log"])) == [
        {
            "at": 30,
            "level": "info",
            "event": "done",
            "details": {"output": "/out/?.png", "notes": ["a", "b"], "seconds": 0, "reason": None},
        }
    ]
    assert describe_line(found["log"][0]) == "done (output: /out/?.png, notes: a; b, seconds: 0)"
    trace = {"event": "unexpected error", "details": {"trace": "Traceback\n  line"}}
    assert describe_line(trace) == "unexpected error\ntrace: Traceback\n  line"
    assert "log" not in history_of(journal, "*", None)["attempts"][0]


def test_the_log_goes_with_its_job(journal: Journal) -> None:
    """Nothing of it stays in the journal after `tintd forget`."""
    journal.job_log.add([line(30, "secret of the file")])
    journal.supersede(1, 31)
    journal.forget([1])
    assert list(journal.attempts()) == []
    assert journal.database.execute("SELECT count(*) FROM attempts").fetchone()[0] == 0
