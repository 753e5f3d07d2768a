"""What `tintd status` and `tintd history` tell, as plain data: from the running service, or from the journal alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice

from daemon.config.pause import by_person
from daemon.control.control_socket import Answer
from daemon.journal.attempts import Attempt
from daemon.journal.journal import Journal
from daemon.journal.records import STATES, Entry
from daemon.journal.requests import reading_of
from daemon.workers.pool import Hand

MOST = 5000
"""Files of each state, or attempts, in one answer of the service: however many there are, its memory stays flat."""


def status_of(journal: Journal, most: int | None, service: Answer | None = None) -> Answer:
    """How many files are in each state, the latest of each, and why none is begun (`paused`), where that is so.

    Args:
        journal: of the service.
        most: files of each state; None: all.
        service: what the service that runs says of itself.

    """
    by_wish = [asdict(pause) for pause in by_person(journal.paused)]  # which is new before the service says so
    others = [pause for pause in service["paused"] if pause["by"] != "person"] if service else []
    files = [facts for state in STATES for facts in map(_facts, journal.entries(state, most=most))]
    return {"counts": journal.counts(), "files": files, "paused": by_wish + others, "service": service}


def history_of(journal: Journal, pattern: str, most: int | None) -> Answer:
    """The latest attempts at the files that a pattern means."""
    means = reading_of(journal, pattern)
    latest = journal.attempts.latest()
    meant = (attempt for attempt in latest if means(str(attempt.source)) or means(attempt.source.name))
    return {"attempts": [_attempt_facts(attempt) for attempt in islice(meant, most)]}


def crew_facts(hands: Iterable[Hand]) -> Iterator[Answer]:
    """What the workers do."""
    for hand in hands:
        yield {
            "worker": hand.name,
            "ready": hand.ready,
            "files": [str(task.entry.source) for task in hand.tasks.values()],
        }


def _facts(entry: Entry) -> Answer:
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
