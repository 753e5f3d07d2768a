"""Tests of daemon/config/working_hours.py."""

from datetime import datetime

import pytest

from daemon.config.working_hours import ended_at, is_working_time, read_span


def at(day: int, clock: str) -> datetime:
    """A moment of the week that begins on Monday, 2 November 2026."""
    return datetime.fromisoformat(f"2026-11-{2 + day:02} {clock}")


@pytest.mark.parametrize(
    ("span", "inside", "outside"),
    [
        ("08:00-17:30", [(0, "08:00"), (6, "17:29")], [(0, "07:59"), (3, "17:30")]),
        ("22:00-06:00", [(0, "22:00"), (1, "05:59"), (0, "00:00")], [(0, "06:00"), (4, "21:59")]),
        ("Mon-Fri 18:00-08:00", [(0, "18:00"), (5, "07:59")], [(0, "07:59"), (5, "18:00"), (6, "03:00")]),
        ("sat-sun 00:00-23:59", [(5, "12:00"), (6, "12:00")], [(4, "12:00"), (0, "12:00")]),
        ("sun-mon 10:00-11:00", [(6, "10:30"), (0, "10:30")], [(5, "10:30"), (1, "10:30")]),
    ],
)
def test_hours_are_what_they_say(span: str, inside: list[tuple[int, str]], outside: list[tuple[int, str]]) -> None:
    """Over midnight, on some days, and over the end of the week."""
    spans = [read_span(span)]
    assert all(is_working_time(spans, at(*moment)) for moment in inside)
    assert not any(is_working_time(spans, at(*moment)) for moment in outside)


@pytest.mark.parametrize(
    ("span", "now", "ended"),
    [
        ("22:00-06:00", (2, "07:00"), (2, "06:00")),
        ("22:00-06:00", (2, "21:59"), (2, "06:00")),
        ("08:00-17:00", (0, "07:00"), (-1, "17:00")),
        ("fri 18:00-08:00", (11, "17:00"), (5, "08:00")),
    ],
)
def test_it_is_known_since_when_there_are_none(span: str, now: tuple[int, str], ended: tuple[int, str]) -> None:
    """Over midnight and over the week."""
    assert ended_at([read_span(span)], at(*now)) == at(*ended)


def test_without_hours_it_is_always_time() -> None:
    """As it was before there were any."""
    assert is_working_time([], at(0, "00:00"))


@pytest.mark.parametrize("text", ["22-6", "25:00-26:00", "mon-xyz 10:00-11:00", ""])
def test_what_is_no_span_is_refused(text: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=r"write hours|days are|hour"):
        read_span(text)
