"""Tests of daemon/runtime/progress.py."""

import pytest

from daemon.runtime.progress import JobProgress, describe_duration


def progress(done: int, frames: int, speed: float | None) -> JobProgress:
    """A film in work."""
    return JobProgress(1, "/in/a.mp4", "7 (cpu)", done, frames, speed)


def test_a_film_tells_its_share_speed_and_time_left() -> None:
    """As numbers and in words."""
    film = progress(100, 1000, 12.5)
    assert (film.fraction, film.seconds_left) == (0.1, 72)
    assert film.describe() == "10%, 12.5 frames/s, 72 s left"


def test_what_is_unknown_is_not_said() -> None:
    """The length of a raw stream, the speed of the first second, and all of a photograph."""
    assert progress(100, 0, 10.0).describe() == "frame 100, 10.0 frames/s"
    assert progress(100, 1000, None).describe() == "10%"
    assert progress(0, 0, None).describe() == ""


def test_a_film_that_is_read_through_before_says_so() -> None:
    """A disc takes minutes until its first frame is coloured."""
    assert JobProgress(1, "/in/VIDEO_TS", "7 (cpu)", read=0.43).describe() == "reading, 43%"


def test_a_film_that_is_longer_than_it_says_is_never_over_its_end() -> None:
    """No 110%, and no negative time."""
    film = progress(1100, 1000, 10.0)
    assert (film.fraction, film.seconds_left) == (1, 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.4, "3 s"), (89, "89 s"), (91, "2 min"), (3599, "1 h 0 min"), (12000, "3 h 20 min"), (190000, "2 days 4 h")],
)
def test_durations_are_said_in_the_units_that_people_use(seconds: float, words: str) -> None:
    """From seconds to days."""
    assert describe_duration(seconds) == words
