"""Pauses: why no job is begun at present, and since when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from daemon.config.working_hours import Span, closed_since, is_working_time


@dataclass(frozen=True, slots=True)
class Pause:
    """One reason; there may be several at a time."""

    by: Literal["person", "hours", "room", "journal"]
    reason: str
    since: float
    """Seconds since the epoch."""


def by_person(since: float | None) -> Iterator[Pause]:
    """Somebody's wish, as the journal knows it."""
    if since is not None:
        yield Pause("person", "by `tintd pause`", since)


def by_hours(hours: Sequence[Span], now: datetime) -> Iterator[Pause]:
    """Working hours that have ended."""
    if not is_working_time(hours, now):
        yield Pause("hours", "outside of working hours", closed_since(hours, now).timestamp())


def told(pauses: Sequence[Pause]) -> str | None:
    """The reasons in one line, or None where there is none."""
    return "; ".join(pause.reason for pause in pauses) or None
