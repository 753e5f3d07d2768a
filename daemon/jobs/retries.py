"""What follows a failed attempt: another one later, or the end. Pure: the caller passes the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from daemon.config.settings import Config
from daemon.workers import FailureKind

_GROWTH = 4
"""The factor from one delay to the next."""
_GROWING = 20
"""The number of delays that grow; by then each is a day."""
_DAY = 86_400.0
_LONGEST_INTERRUPTION = 600.0
"""The most seconds that a job waits after an interruption: most interruptions are not its fault."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The job waits until `due`; with `refund`, the attempt does not count."""

    due: float
    refund: bool


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job is not tried again."""

    state: Literal["failed", "skipped"]


def after_failure(why: FailureKind, attempts: int, seen: float, now: float, config: Config) -> TryAgain | GiveUp:
    """Decide what follows.

    Args:
        why: unsupported files are skipped at once; truncated ones may still be growing. What could not be written is
            not the file's fault: its job is held instead.
        attempts: made so far, this one included.
        seen: when the original was first seen as it is, in seconds since the epoch; its own date says nothing, for
            many programs that copy a file give it the old one.
        now: likewise.
        config: how often a job is tried, and how long a file that looks cut off is waited for.

    """
    if why == "unsupported":
        return GiveUp("skipped")
    grown = seen + config.watching.patience_seconds
    if why == "truncated" and seen <= now < grown:  # a time in the future: the clock has jumped
        return TryAgain(due=grown, refund=True)
    if attempts >= config.work.attempts:
        return GiveUp("failed")
    return TryAgain(due=now + delay(attempts, config), refund=False)


def after_interruption(interruptions: int, now: float, config: Config) -> float:
    """Decide when a job is due whose service ended in the middle of it, for the so many-th time.

    At once after the first time: power cuts end services too, and never make a file fail. But a job that is interrupted
    again and again may be what ends the service, so it waits longer each time, and the other files come first.
    """
    if interruptions < 2:
        return now
    growth = 2.0 ** min(interruptions - 2, _GROWING)
    return now + min(_LONGEST_INTERRUPTION, config.work.retry_seconds * growth)


def longest_delay(config: Config) -> float:
    """Seconds that a job waits for its next attempt at most."""
    return max(config.watching.patience_seconds, delay(config.work.attempts, config), _LONGEST_INTERRUPTION)


def delay(attempts: int, config: Config) -> float:
    """Seconds between so many attempts and the next: a day at most."""
    return min(_DAY, config.work.retry_seconds * float(_GROWTH) ** min(attempts - 1, _GROWING))
