"""Tests of daemon/control/requests.py, on a real journal."""

from pathlib import Path

import pytest

from daemon.config.colour_choice import ColourChoice
from daemon.control.requests import Action, Applied, Request, RequestError, apply, read_action
from daemon.journal.journal import Journal
from daemon.journal.states import STATES
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
    assert apply(Request(Action.CANCEL, "*.jpg"), journal, 1).text == "1 file cancelled"
    assert apply(Request(Action.RETRY, "*"), journal, 1).text == "1 file waits again"
    assert apply(Request(Action.RECOLOR, "*"), journal, 1) == Applied(
        "no finished, failed or skipped file matches *", 0
    )
    assert "tintd resume" in apply(Request(Action.PAUSE_NOW, "*"), journal, 1).text
    assert journal.paused == 1
    assert "resumed" in apply(Request(Action.RESUME, "*"), journal, 1).text
    assert journal.paused is None
    assert apply(Request(Action.FORGET, "a.jpg"), journal, 1).text == "1 file forgotten"


def test_a_running_service_does_its_part(journal: Journal) -> None:
    """Running jobs are stopped, and forgotten files are found again."""
    service = Recorder()
    for action in Action:
        apply(Request(action, "*"), journal, 1, service)
    assert service.asked == ["cancel *", "find again", "put back"]


def test_what_is_no_request_is_refused() -> None:
    """The name of version 0.1 for `recolor` still works."""
    assert read_action("again") is Action.RECOLOR
    with pytest.raises(RequestError, match="no such request"):
        read_action("nonsense")


def test_a_pattern_that_matches_nothing_is_said(journal: Journal) -> None:
    """With the states in which a file would have been changed."""
    assert apply(Request(Action.RETRY, "b.jpg"), journal, 1) == Applied("no failed or skipped file matches b.jpg", 0)


def test_a_choice_is_kept_until_the_file_is_coloured_as_configured(journal: Journal) -> None:
    """Through other attempts, too."""
    choice = ColourChoice(vividness=0.5, steadiness="auto", working_size="native")
    apply(Request(Action.CANCEL, "*"), journal, 1)
    for action, given in ((Action.RECOLOR, choice), (Action.CANCEL, None), (Action.RETRY, None)):
        apply(Request(action, "*", given), journal, 2)
        (job,) = journal.jobs(*STATES)
        assert ColourChoice.model_validate_json(job.choice or "") == choice
    apply(Request(Action.CANCEL, "*"), journal, 3)
    apply(Request(Action.RECOLOR, "*"), journal, 4)
    (job,) = journal.jobs(*STATES)
    assert job.choice is None
