"""Tests of colorizer/film/steadiness.py: what the setting means."""

from colorizer.film.steadiness import AUTO, distance_of, memory_of


def test_without_steadiness_each_frame_is_asked_for() -> None:
    """0 is frame by frame, and nothing is remembered."""
    assert (distance_of(0).most, memory_of(0)) == (1, 0)


def test_more_steadiness_remembers_longer() -> None:
    """Up to a limit, which bounds how long an old colour stays."""
    memories = [memory_of(value / 10) for value in range(11)]
    assert memories == sorted(set(memories))
    assert memories[-1] <= 64


def test_auto_is_the_calibrated_value() -> None:
    """It says the same as its number."""
    assert (distance_of("auto"), memory_of("auto")) == (distance_of(AUTO), memory_of(AUTO))
