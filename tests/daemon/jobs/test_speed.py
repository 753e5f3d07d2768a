"""Tests of daemon/jobs/speed.py: the clock is the test's."""

import pytest

from daemon.jobs.speed import Speed


def measured(*samples: tuple[float, int]) -> float | None:
    """The speed after these measurements: seconds, and frames that are done."""
    speed = Speed()
    for now, done in samples:
        speed.note(done, now)
    return speed.frames_per_second


def test_the_speed_is_that_of_the_frames_that_are_coloured() -> None:
    """Loading and planning, while no frame is done, do not count."""
    assert measured((0, 0), (60, 0), (61, 5), (71, 105)) == pytest.approx(10)


def test_frames_of_an_earlier_attempt_are_no_speed() -> None:
    """An interrupted film begins with a thousand frames, and decodes for a minute; then it does ten a second."""
    assert measured((0, 0), (1, 1000), (30, 1000), (61, 1000), (71, 1100)) == pytest.approx(10)


def test_a_film_that_begins_anew_is_measured_anew() -> None:
    """The look at its scenes makes the number of frames fall to 0, and then back to that of its finished segments."""
    assert measured((0, 1), (10, 1001), (11, 0), (90, 0), (91, 500), (101, 600)) == pytest.approx(10)


def test_a_slow_beginning_does_not_count_for_long() -> None:
    """The first frames of a film take longer than the others; soon the speed is that of the others."""
    beginning = [(second / 2, 1 + second) for second in range(6)]
    assert measured(*beginning, *((3 + second / 2, 10 + 8 * second) for second in range(10))) == pytest.approx(16)


def test_only_the_last_minutes_count() -> None:
    """A machine that was busy for an hour, and is idle now, is fast."""
    slow = [(float(second), 1 + second) for second in range(3600)]
    fast = [(3600.0 + second, 3600 + 20 * second) for second in range(1, 601)]
    assert measured(*slow, *fast) == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize("samples", [(), ((0, 0),), ((0, 1),), ((0, 1), (0.5, 9))])
def test_a_speed_is_unknown_at_first(samples: tuple[tuple[float, int], ...]) -> None:
    """No measurement, or none of a second, says nothing."""
    assert measured(*samples) is None
