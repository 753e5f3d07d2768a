"""Promise 6, hooks: each is called at least once. Breaks the webhook, the command, and the service."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from daemon.config.settings import Hooks
from daemon.control.hooks import HookRunner
from daemon.files.identity import Result, identify
from daemon.journal.journal import Journal
from daemon.journal.records import AttemptEnd, ResultMetadata
from tests.assets.journals import enter, started
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT
from tests.faults.conftest import Service
from tests.fork_server import has_ended

NOTE = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).open('ab').write(os.environb[b'TINTD_FILE'] + b'\\0')"
"""A command that notes the file, as bytes, in a file of its own."""


class Listener:
    """A webhook's other end, which refuses as often as it is asked to."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.refuse = 0
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                facts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                listener.refuse -= 1
                self.send_response(500 if listener.refuse >= 0 else 204)
                self.end_headers()
                if listener.refuse < 0:
                    listener.heard.append(facts)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server.server_port}/done"


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook's other end."""
    made = Listener()
    yield made
    made.server.shutdown()
    made.server.server_close()


def end_a_job(journal: Journal, place: Path, name: str, *, well: bool) -> int:
    """A file that comes, and is done or has failed."""
    path = place / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(os.fsencode(name))
    identity = identify(path)
    assert identity is not None
    enter(journal, path, path.parent, identity)
    entry = started(journal)
    if well:
        journal.announce(entry.id, Result(place / "out" / name, identity), ResultMetadata("s", "w", 1.0))
        journal.finish(entry.id, 2)
    else:
        journal.fail(entry.id, AttemptEnd("failed", "it is broken"), 2)
    return entry.id


def deliver(runner: HookRunner, now: float) -> None:
    """Have a runner deliver all events that are due at a time."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        runner.poll(now)
        if not runner.is_busy:
            return
        time.sleep(0.01)
    pytest.fail("the delivery did not end")


def runner_of(journal: Journal, **hooks: object) -> HookRunner:
    """A runner, as the service makes it."""
    return HookRunner(journal.outbox, Hooks.model_validate(hooks), lambda: None)


def test_a_skipped_file_has_a_hook_of_its_own(tmp_path: Path, listener: Listener) -> None:
    """It gets the reason; the hooks of other outcomes are not called."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, skipped={"webhook": listener.address})
    end_a_job(journal, tmp_path, "a.jpg", well=True)
    end_a_job(journal, tmp_path, "b.jpg", well=False)
    enter(journal, tmp_path / "in" / "c.jpg", tmp_path / "in")
    job = started(journal)
    journal.skip(job.id, "already in colour", 3)
    deliver(runner, 3)
    [facts] = listener.heard
    assert (facts["job"], facts["state"], facts["reason"]) == (job.id, "skipped", "already in colour")


def test_a_refused_event_is_delivered_again(tmp_path: Path, listener: Listener) -> None:
    """Breaks: the webhook, which refuses twice; each time the wait is longer."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, failed={"webhook": listener.address})
    job = end_a_job(journal, tmp_path, "a.jpg", well=False)
    end_a_job(journal, tmp_path, "b.jpg", well=True)
    listener.refuse = 2
    for now in (3, 5, 14, 20, 34):
        deliver(runner, now)
    assert [(facts["job"], facts["state"], facts["reason"]) for facts in listener.heard] == [
        (job, "failed", "it is broken")
    ]
    runner.stop()


def test_an_event_is_delivered_again_after_a_crash(tmp_path: Path, listener: Listener) -> None:
    """Breaks: the service, after an event was delivered and before that is recorded."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, done={"webhook": listener.address})
    job = end_a_job(journal, tmp_path, "a.jpg", well=True)
    runner.poll(3)
    end = time.monotonic() + TIMEOUT
    while not listener.heard and time.monotonic() < end:
        time.sleep(0.01)
    runner.stop()
    journal.close()
    again = Journal(tmp_path / "state")
    after = runner_of(again, done={"webhook": listener.address})
    deliver(after, 4)
    deliver(after, 5)
    assert [facts["job"] for facts in listener.heard] == [job, job]
    assert len({facts["id"] for facts in listener.heard}) == 1
    after.stop()


def test_no_name_reaches_a_shell(tmp_path: Path) -> None:
    """Breaks: names, which are written to be run; a command gets each byte as it is."""
    journal = Journal(tmp_path / "state")
    notes = tmp_path / "notes"
    runner = runner_of(journal, done={"command": [sys.executable, "-c", NOTE, str(notes)]})
    name = os.fsdecode(b"$(touch pwned) `touch pwned`; touch pwned \xff\n'\".jpg")
    end_a_job(journal, tmp_path, name, well=True)
    deliver(runner, 3)
    assert notes.read_bytes() == os.fsencode(tmp_path / "in" / name) + b"\0"
    assert not Path("pwned").exists()
    runner.stop()


def test_a_command_that_hangs_is_ended_and_run_again(tmp_path: Path) -> None:
    """Breaks: the command, which never ends."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, done={"command": ["sleep", "1000"]}, timeout_seconds=0.2)
    end_a_job(journal, tmp_path, "a.jpg", well=True)
    deliver(runner, 3)
    left = journal.database.execute("SELECT tries, due FROM outbox").fetchone()
    assert tuple(left) == (1, 13)
    runner.stop()


def test_what_a_script_has_started_is_ended_with_it(tmp_path: Path) -> None:
    """Breaks: a script that waits for a program which hangs. Once an hour for a year, they would fill the machine."""
    journal = Journal(tmp_path / "state")
    pid = tmp_path / "pid"
    script = f"sleep 1000 & echo $! > {pid}; wait"
    runner = runner_of(journal, done={"command": ["sh", "-c", script]}, timeout_seconds=1)
    end_a_job(journal, tmp_path, "a.jpg", well=True)
    day = 1
    while not (pid.exists() and pid.read_text()):  # on a busy machine the script may be ended before it has begun
        deliver(runner, day * 86_400)
        day += 1
    sleeper = int(pid.read_text())
    end = time.monotonic() + TIMEOUT
    while not has_ended(sleeper) and time.monotonic() < end:
        time.sleep(0.01)
    assert has_ended(sleeper)
    runner.stop()


def test_a_clock_that_was_ahead_delays_no_event(tmp_path: Path, listener: Listener) -> None:
    """Breaks: the webhook, while the clock is ten years ahead; then the clock is set right."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, done={"webhook": listener.address})
    end_a_job(journal, tmp_path, "a.jpg", well=True)
    listener.refuse = 1
    deliver(runner, 10 * 365 * 86_400)
    deliver(runner, 3)
    deliver(runner, 4)
    assert len(listener.heard) == 1
    runner.stop()


def test_no_event_is_stored_without_a_hook(tmp_path: Path) -> None:
    """Breaks nothing: years without hooks leave no events for one that is configured later."""
    journal = Journal(tmp_path / "state")
    runner_of(journal).stop()
    end_a_job(journal, tmp_path, "a.jpg", well=True)
    assert journal.database.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0


def test_the_event_is_stored_with_the_end_of_the_job(tmp_path: Path) -> None:
    """Breaks: the commit that ends the job; then neither the event nor the end is stored."""
    journal = Journal(tmp_path / "state")
    runner = runner_of(journal, failed={"command": ["true"]})
    with suppress(sqlite3.IntegrityError), journal.together():
        end_a_job(journal, tmp_path, "a.jpg", well=False)
        raise sqlite3.IntegrityError
    assert journal.counts()["failed"] == 0
    assert journal.database.execute("SELECT count(*) FROM outbox").fetchone()[0] == 0
    runner.stop()


def test_an_idle_service_calls_a_failed_hook_when_it_is_due(service: Service) -> None:
    """Breaks: the command, at its first call. The service has nothing else to do, and calls it again after 10 s."""
    script = (
        f"date +%s >> {service.root}/calls; test -e {service.root}/called || {{ touch {service.root}/called; false; }}"
    )
    service.settings["hooks"] = {"done": {"command": ["sh", "-c", script]}}
    service.start()
    write_grey(service.inbox / "a.png")
    calls = service.root / "calls"
    service.until(lambda: calls.exists() and len(calls.read_text().split()) == 2, "it is called again")
    first, second = map(int, calls.read_text().split())
    assert second - first >= 9, "whole seconds are compared"
