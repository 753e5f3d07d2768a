"""Working hours: the times at which jobs are started. Pure: the caller passes the time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """A time of day, on some days of the week. A span that ends before it begins lasts until the next day."""

    days: frozenset[int]
    """Days on which it begins; 0 is Monday."""
    begin: time
    end: time

    def contains(self, now: datetime) -> bool:
        """Whether a time, local, lies in this span."""
        today, yesterday = now.weekday() in self.days, (now - timedelta(days=1)).weekday() in self.days
        if self.begin < self.end:
            return today and self.begin <= now.time() < self.end
        return (today and now.time() >= self.begin) or (yesterday and now.time() < self.end)


def read_span(text: object) -> Span:
    """Read "22:00-06:00" or "mon-fri 18:00-08:00".

    Raises:
        ValueError: the text is neither; the message says how to write one.

    """
    found = _SPAN.fullmatch(str(text).strip().lower())
    if found is None:
        raise ValueError(f"{text}: write hours as 22:00-06:00, or with days as mon-fri 18:00-08:00")
    begin, end = time.fromisoformat(found["begin"]), time.fromisoformat(found["end"])
    return Span(_days(found["first"], found["last"]), begin, end)


def is_working_time(spans: Sequence[Span], now: datetime) -> bool:
    """Whether jobs may be started; always, if there are no spans."""
    return not spans or any(span.contains(now) for span in spans)


def ended_at(spans: Sequence[Span], now: datetime) -> datetime:
    """When the latest span ended, for a time that lies in none of them."""
    days = [now.date() - timedelta(days=ago) for ago in range(9)]
    ends = [
        datetime.combine(day + timedelta(days=span.begin >= span.end), span.end, now.tzinfo)
        for span in spans
        for day in days
        if day.weekday() in span.days
    ]
    return max(end for end in ends if end <= now)


def _days(first: str | None, last: str | None) -> frozenset[int]:
    if first is None:
        return frozenset(range(7))
    for name in (first, last or first):
        if name not in _DAYS:
            raise ValueError(f"{name}: the days are {', '.join(_DAYS)}")
    begin = _DAYS.index(first)
    length = (_DAYS.index(last or first) - begin) % 7 + 1
    return frozenset((begin + day) % 7 for day in range(length))
