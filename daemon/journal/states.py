"""The life of a job: its states, the changes between them that are allowed, and how an attempt leaves a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

State = Literal["waiting", "held", "running", "done", "failed", "skipped"]
"""waiting: for its turn or its next attempt; held: for something that is not the fault of the file, such as a disk."""

Outcome = Literal[
    "done", "failed", "skipped", "crashed", "stopped", "held", "put back", "cancelled", "superseded", "interrupted"
]
"""How an attempt ended.

crashed: the worker died; stopped: the worker exceeded a limit and was ended; superseded: the file changed;
interrupted: the service ended.
"""

STATES: tuple[State, ...] = ("running", "waiting", "held", "failed", "skipped", "done")
"""All states, in the order in which they are shown."""

ENDED: frozenset[State] = frozenset({"done", "failed", "skipped"})
"""The states of jobs that are not tried again, unless a person asks."""

UNFINISHED: frozenset[State] = frozenset({"waiting", "held", "running"})
"""The states of jobs that the service works on by itself."""

TRANSITIONS: Mapping[State, frozenset[State]] = {
    "waiting": frozenset({"running", "held", "skipped", "done"}),
    "held": frozenset({"running", "held", "skipped"}),
    "running": frozenset({"waiting", "held", "done", "failed", "skipped"}),
    "done": frozenset({"waiting"}),
    "failed": frozenset({"waiting"}),
    "skipped": frozenset({"waiting", "done"}),
}
"""The states that may follow each state. A job that does not run is done when an existing result is adopted."""

STATES_AFTER: Mapping[Outcome, frozenset[State]] = {
    "done": frozenset({"done"}),
    "failed": frozenset({"failed", "waiting"}),
    "crashed": frozenset({"failed", "waiting"}),
    "stopped": frozenset({"failed", "waiting"}),
    "skipped": frozenset({"skipped"}),
    "cancelled": frozenset({"skipped"}),
    "held": frozenset({"held"}),
    "put back": frozenset({"waiting"}),
    "superseded": frozenset({"waiting"}),
    "interrupted": frozenset({"waiting"}),
}
"""The states in which an attempt with each outcome leaves its job."""


class TransitionError(Exception):
    """A job was to make a change of state that is not allowed: an error in the code."""
