"""Pauses: why no job is started at present, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from daemon.config.working_hours import Span, ended_at, is_working_time


@dataclass(frozen=True, slots=True)
class Pause:
    """One reason to start no jobs; there may be several at a time."""

    by: Literal["person", "hours", "disk", "journal"]
    reason: str
    since: float
    """Seconds since the epoch."""
    until: float | None = None
    """When it ends by itself, likewise; None if somebody has to end it, or if that is not known."""


def by_person(since: float | None, until: float | None = None) -> Iterator[Pause]:
    """The pause that a person asked for, by its beginning in the journal; none where that is None."""
    if since is not None:
        yield Pause("person", "by `tintd pause`", since, until)


def by_hours(hours: Sequence[Span], now: datetime) -> Iterator[Pause]:
    """The pause outside of working hours."""
    if not is_working_time(hours, now):
        yield Pause("hours", "outside of working hours", ended_at(hours, now).timestamp())


def reasons(pauses: Sequence[Pause]) -> str | None:
    """All reasons in one line; None where there is none."""
    return "; ".join(pause.reason for pause in pauses) or None
