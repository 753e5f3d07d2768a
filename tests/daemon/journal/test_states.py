"""Tests of daemon/journal/states.py, on a real journal."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.files.identity import Identity, Result
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd
from daemon.journal.states import ENDED, STATES, STATES_AFTER, TRANSITIONS, UNFINISHED, State, TransitionError
from tests.assets.journals import enter

FOLDER = Path("/in")
JOB = 1

OPERATIONS: dict[str, Callable[[Journal], object]] = {
    "start": lambda journal: journal.start(next(journal.jobs(*STATES)), "7 (cpu)", 1),
    "finish": lambda journal: journal.finish(JOB, 2),
    "fail": lambda journal: journal.fail(JOB, AttemptEnd("failed", "broken"), 2),
    "crash": lambda journal: journal.fail(JOB, AttemptEnd("crashed", "crashed", "SIGSEGV"), 2),
    "skip": lambda journal: journal.skip(JOB, "no picture", 2),
    "cancel": lambda journal: journal.cancel(JOB, "cancelled", 2),
    "try again": lambda journal: journal.try_again(JOB, AttemptEnd("failed", "broken"), 3, 2, refund=False),
    "hold": lambda journal: journal.hold(JOB, "full", 3, 2),
    "put back": lambda journal: journal.put_back(JOB, None, 2),
    "interrupt": lambda journal: journal.interrupt(JOB, None, 3, 2, counts=True),
    "adopt": lambda journal: journal.adopt(JOB, Result(FOLDER / "b", Identity(1, 2, 3)), (), 2),
    "leave": lambda journal: journal.leave(JOB, FOLDER / "b", "is it its result?", 2),
    "requeue": lambda journal: journal.requeue([JOB], 3),
}
"""Every operation that changes the state of a job."""


def state_of(journal: Journal) -> State:
    """The state of the only job."""
    [job] = journal.jobs(*STATES)
    return job.state


def assert_history_agrees(journal: Journal) -> None:
    """A job runs exactly while an attempt is open, and the last attempt that ended left the job in its state."""
    [job] = journal.jobs(*STATES)
    outcomes = [attempt.outcome for attempt in journal.attempts()]
    assert (job.state == "running") == (None in outcomes)
    assert outcomes.count(None) <= 1
    assert job.attempts >= 0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with one waiting job, to be copied: making one costs time."""
    folder = tmp_path_factory.mktemp("template")
    journal = Journal(folder)
    enter(journal, FOLDER / "a", FOLDER)
    journal.close()
    return folder / "journal.sqlite3"


@given(st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=12))
def test_a_job_makes_only_the_changes_that_are_allowed(template: Path, names: list[str]) -> None:
    """Whatever is asked for in whatever order; a refused change leaves job and history as they were."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(template, folder)
        journal = Journal(Path(folder))
        for name in names:
            before, history = state_of(journal), list(journal.attempts())
            try:
                OPERATIONS[name](journal)
            except TransitionError:
                assert (state_of(journal), list(journal.attempts())) == (before, history)
            else:
                assert state_of(journal) in TRANSITIONS[before], name
            assert_history_agrees(journal)
        journal.close()


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_every_change_that_is_allowed_can_be_made(template: Path, tmp_path: Path, before: State, after: State) -> None:
    """By some operation; and no other change can."""
    ways = {"waiting": [], "held": ["hold"], "running": ["start"]}
    ways |= {"done": ["start", "finish"], "failed": ["start", "fail"], "skipped": ["skip"]}
    reached = set()
    for number, name in enumerate(OPERATIONS):
        (tmp_path / str(number)).mkdir()
        shutil.copy(template, tmp_path / str(number))
        journal = Journal(tmp_path / str(number))
        for step in ways[before]:
            OPERATIONS[step](journal)
        with suppress(TransitionError):
            OPERATIONS[name](journal)
            reached.add(state_of(journal))
        journal.close()
    assert (after in reached) == (after in TRANSITIONS[before])


def test_the_tables_name_every_state() -> None:
    """Those of this module, and the one in the database."""
    assert set(TRANSITIONS) == set(STATES) == ENDED | UNFINISHED
    assert set.union(*map(set, STATES_AFTER.values())) == set(STATES) - {"running"}


def test_the_database_takes_no_other_state(tmp_path: Path) -> None:
    """Whatever a statement says."""
    journal = Journal(tmp_path)
    enter(journal, FOLDER / "a", FOLDER)
    with pytest.raises(sqlite3.IntegrityError):
        journal.database.execute("UPDATE jobs SET state = 'queued'")
