"""What `tintd status` and `tintd history` show, as plain data: from the running service, or from the journal alone."""

from __future__ import annotations

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


def history_of(journal: JournalReader, pattern: str, most: int | None) -> Answer:
    """The latest attempts at the files that match a pattern; `most` of them, or all."""
    matches = name_filter(journal, pattern)
    latest = journal.attempts()
    found = (attempt for attempt in latest if matches(str(attempt.source)) or matches(attempt.source.name))
    return {"attempts": [_attempt_facts(attempt) for attempt in islice(found, most)]}


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
        "due": entry.due,
        "settings": entry.settings,
        "weights": entry.weights,
        "notes": entry.notes,
    }


def _attempt_facts(attempt: Attempt) -> Answer:
    return {
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
