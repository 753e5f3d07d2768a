"""What follows a failed attempt: another one, later, or the end. Pure: the clock is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from daemon.config import Config

_GROWTH = 4
"""Each delay is this many times the one before."""
_GROWING = 20
"""Delays that grow; by then each is a day."""
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Again:
    """The job waits until `due`; an attempt that does not count is given back."""

    due: float
    refund: bool


@dataclass(frozen=True, slots=True)
class End:
    """The job is not tried again."""

    state: Literal["failed", "skipped"]


def after_failure(
    why: Literal["unsupported", "truncated", "failed"], attempts: int, changed: float, now: float, config: Config
) -> Again | End:
    """Decide what follows.

    Args:
        why: unsupported files are skipped at once; truncated ones may still be growing.
        attempts: made so far, this one included.
        changed: when the original was last changed, in seconds since the epoch.
        now: likewise.
        config: how often a job is tried, and how long a file that looks cut off is waited for.

    """
    if why == "unsupported":
        return End("skipped")
    grown = changed + config.watching.patience_seconds
    if why == "truncated" and changed <= now < grown:  # a time in the future says nothing
        return Again(due=grown, refund=True)
    if attempts >= config.work.attempts:
        return End("failed")
    return Again(due=now + delay(attempts, config), refund=False)


def delay(attempts: int, config: Config) -> float:
    """Seconds between so many attempts and the next: a day at most."""
    return min(_DAY, config.work.retry_seconds * float(_GROWTH) ** min(attempts - 1, _GROWING))
