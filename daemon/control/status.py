"""What `tintd status` and `tintd history` show, as plain data: from the running service, or from the journal alone."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import islice

from daemon.config.pause import by_person
from daemon.control.control_socket import Answer
from daemon.journal.reader import JournalReader
from daemon.journal.records import Attempt, JobRecord
from daemon.journal.requests import name_filter
from daemon.journal.states import STATES

MOST = 5000
"""Files of each state, or attempts, in one answer of the service: its memory stays the same however many there are."""
MOST_LOGS = 100
"""Attempts in one answer that has their logs."""


def status_of(journal: JournalReader, most: int | None, service: Answer | None = None) -> Answer:
    """The number of files in each state, the latest files of each, and why none is started (`paused`).

    Args:
        journal: the service's.
        most: files of each state; None: all.
        service: the state of the service; None where none runs.

    """
    by_request = [
        asdict(pause) for pause in by_person(*journal.pause_by_person)
    ]  # may be newer than the service's state
    others = [pause for pause in service["paused"] if pause["by"] != "person"] if service else []
    live = {job["job"]: job for job in service["jobs"]} if service else {}
    files = [
        job_facts(entry) | (live.get(entry.id, {}) if entry.state == "running" else {})
        for state in STATES
        for entry in journal.jobs(state, most=most)
    ]
    return {"counts": journal.counts(), "files": files, "paused": by_request + others, "service": service}


def history_of(journal: JournalReader, pattern: str, most: int | None, *, log: bool = False) -> Answer:
    """The latest attempts at the files that match a pattern: `most` of them, or all; with the lines of their log."""
    matches = name_filter(journal, pattern)
    latest = journal.attempts()
    found = (attempt for attempt in latest if matches(str(attempt.source)) or matches(attempt.source.name))
    return {"attempts": [attempt_facts(attempt, log=log) for attempt in islice(found, most)]}


def describe_line(line: Answer) -> str:
    """A line of a job's log for people; what has several lines itself, such as a traceback, begins on a new one."""
    given = {name: value for name, value in line["details"].items() if value not in (None, "", [])}
    said = [f"{name.replace('_', ' ')}: {_words(value)}" for name, value in given.items()]
    long = [text for text in said if "\n" in text]
    short = ", ".join(text for text in said if text not in long)
    return "\n".join(filter(None, [f"{line['event']} ({short})" if short else line["event"], *long]))


def job_facts(entry: JobRecord) -> Answer:
    """A job as plain data."""
    return {
        "job": entry.id,
        "file": str(entry.source),
        "state": entry.state,
        "attempts": entry.attempts,
        "reason": entry.reason,
        "output": str(entry.output) if entry.output and entry.state == "done" else None,
        "seconds": entry.seconds,
        "frames_done": entry.frames_done,
        "frames": entry.frames,
        "read": entry.read if entry.state == "running" else None,
        "due": entry.due,
        "settings": entry.settings,
        "weights": entry.weights,
        "notes": entry.notes,
        "choice": None if entry.choice is None else json.loads(entry.choice),
    }


def attempt_facts(attempt: Attempt, *, log: bool) -> Answer:
    """An attempt as plain data, with its lines of the log where they are wanted."""
    lines = {"log": [asdict(line) for line in attempt.log]} if log else {}
    return lines | {
        "job": attempt.job,
        "file": str(attempt.source),
        "attempt": attempt.number,
        "begun": attempt.begun,
        "ended": attempt.ended,
        "worker": attempt.worker,
        "outcome": attempt.outcome,
        "reason": attempt.reason,
        "signal": attempt.signal,
    }


def _words(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
