"""Tests of daemon/control/requests.py, on a real journal."""

from pathlib import Path

import pytest

from daemon.control.requests import Action, Applied, RequestError, apply, read_action
from daemon.journal.journal import Journal
from tests.assets.journals import enter


class Recorder:
    """Notes what a running service is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def cancel(self, pattern: str) -> list[int]:
        """Note it."""
        self.asked.append(f"cancel {pattern}")
        return []

    def put_back(self) -> None:
        """Note it."""
        self.asked.append("put back")

    def find_again(self) -> None:
        """Note it."""
        self.asked.append("find again")


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """A journal in which one file waits."""
    made = Journal(tmp_path)
    enter(made, Path("/in/a.jpg"), Path("/in"), now=0)
    return made


def test_what_was_done_is_said(journal: Journal) -> None:
    """In a sentence, with the number of files."""
    assert apply(Action.CANCEL, "*.jpg", journal, 1).text == "1 file cancelled"
    assert apply(Action.RETRY, "*", journal, 1).text == "1 file waits again"
    assert apply(Action.RECOLOR, "*", journal, 1) == Applied("no finished, failed or skipped file matches *", 0)
    assert "tintd resume" in apply(Action.PAUSE_NOW, "*", journal, 1).text
    assert journal.paused == 1
    assert "resumed" in apply(Action.RESUME, "*", journal, 1).text
    assert journal.paused is None
    assert apply(Action.FORGET, "a.jpg", journal, 1).text == "1 file forgotten"


def test_a_running_service_does_its_part(journal: Journal) -> None:
    """Running jobs are stopped, and forgotten files are found again."""
    service = Recorder()
    for action in Action:
        apply(action, "*", journal, 1, service)
    assert service.asked == ["cancel *", "find again", "put back"]


def test_what_is_no_request_is_refused() -> None:
    """The name of version 0.1 for `recolor` still works."""
    assert read_action("again") is Action.RECOLOR
    with pytest.raises(RequestError, match="no such request"):
        read_action("nonsense")


def test_a_pattern_that_matches_nothing_is_said(journal: Journal) -> None:
    """With the states in which a file would have been changed."""
    assert apply(Action.RETRY, "b.jpg", journal, 1) == Applied("no failed or skipped file matches b.jpg", 0)
