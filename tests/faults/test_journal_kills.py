"""Promise 2, kill -9 inside the journal: between any two statements of an operation, state and history agree.

For each operation the process is killed at its first statement, then in a new journal at its second, and so on, until
the operation is complete; each time the journal is opened again as the next service does.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from daemon.config.settings import Config, Folder
from daemon.jobs.recovery import recover
from daemon.journal.journal import Journal
from daemon.journal.states import STATES, STATES_AFTER
from tests.conftest import TIMEOUT

KILLED = """
import os, sys
from pathlib import Path
from daemon.files.identity import Identity, Result
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd, IncomingFile, ResultMetadata

def prepared(place):
    journal = Journal(place)
    journal.outbox.subscribe(["done", "failed"])
    journal.add(IncomingFile(Path("/in"), Path("a"), Identity(1, 1, 1), "a"), 0)
    [job] = journal.jobs("waiting")
    if operation != "start":
        journal.start(job, "7 (cpu)", 1)
        journal.announce(job.id, Result(Path("/out/a"), Identity(2, 2, 2)), ResultMetadata("s", "w", 1.0))
    return journal, job

OPERATIONS = {
    "start": lambda journal, job: journal.start(job, "7 (cpu)", 1),
    "finish": lambda journal, job: journal.finish(job.id, 2),
    "fail": lambda journal, job: journal.fail(job.id, AttemptEnd("crashed", "broken", "SIGSEGV"), 2),
    "skip": lambda journal, job: journal.skip(job.id, "no picture", 2),
    "cancel": lambda journal, job: journal.cancel(job.id, "cancelled", 2),
    "try_again": lambda journal, job: journal.try_again(job.id, AttemptEnd("failed", "x"), 3, 2, refund=True),
    "hold": lambda journal, job: journal.hold(job.id, "full", 3, 2),
    "put_back": lambda journal, job: journal.put_back(job.id, None, 2),
    "interrupt": lambda journal, job: journal.interrupt(job.id, None, 3, 2, counts=False),
    "supersede": lambda journal, job: journal.supersede(job.id, 2),
}

def kill_at(number):
    seen = 0
    def count(statement):
        nonlocal seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), 9)
    return count

operation, home = sys.argv[1], Path(sys.argv[2])
for number in range(1, 50):
    child = os.fork()
    if child == 0:
        journal, job = prepared(home / f"{number:02}")
        journal.database.set_trace_callback(kill_at(number))
        OPERATIONS[operation](journal, job)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        sys.exit()
"""
OPERATIONS = ["start", "finish", "fail", "skip", "cancel", "try_again", "hold", "put_back", "interrupt", "supersede"]
EVENTS = {"finish": "done", "fail": "failed"}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_between_two_statements(tmp_path: Path, operation: str) -> None:
    """Breaks: the process, at every statement of one operation. Before or after it, and never in between."""
    subprocess.run([sys.executable, "-c", KILLED, operation, str(tmp_path)], check=True, timeout=TIMEOUT)
    *killed, complete = sorted(tmp_path.iterdir())
    assert len(killed) >= 3, "an operation has a beginning, a change and an end"
    for place in killed:
        assert_agrees(place, "waiting" if operation == "start" else "running")
    assert_agrees(complete, after(operation, complete))


def after(operation: str, place: Path) -> str:
    """The state to which an operation leads: another than before."""
    journal = Journal(place)
    row = journal.database.execute("SELECT state FROM jobs").fetchone()
    events = [state for (state,) in journal.database.execute("SELECT state FROM outbox")]
    journal.close()
    assert (row["state"] == "running") == (operation == "start")
    assert events == ([EVENTS[operation]] if operation in EVENTS else [])
    return str(row["state"])


def assert_agrees(place: Path, state: str) -> None:
    """The job has this state and its history says the same; so it does after the next start of the service."""
    journal = Journal(place)
    assert_history(journal, state)
    recover(journal, Config(folders=(Folder(input=Path("/in"), output=Path("/out")),)), 10, counts=True)
    assert journal.counts()["running"] == 0
    assert_history(journal, journal.database.execute("SELECT state FROM jobs").fetchone()["state"])
    journal.close()


def assert_history(journal: Journal, state: str) -> None:
    """The last attempt left its job in the state that it has."""
    assert state in STATES
    assert journal.database.execute("SELECT state FROM jobs").fetchone()["state"] == state
    outcomes = [row["outcome"] for row in journal.database.execute("SELECT outcome FROM attempts")]
    if state == "running":
        assert outcomes == [None]
    elif outcomes:
        [outcome] = outcomes
        assert state in STATES_AFTER[outcome]
    events = [row["state"] for row in journal.database.execute("SELECT state FROM outbox")]
    assert events == ([state] if state in EVENTS.values() else [])
