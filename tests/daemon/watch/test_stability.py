"""Tests of daemon/watch/stability.py: the clock and the disk are the test's."""

from pathlib import Path

from daemon.files.identity import Identity
from daemon.watch.stability import StabilityTracker

FILE = Path("/inbox/film.mkv")


class Disk:
    """One file that grows when it is told to."""

    def __init__(self) -> None:
        self.identity: Identity | None = Identity(1, 1, 1)

    def look(self, _path: Path) -> Identity | None:
        """What is there."""
        return self.identity

    def grow(self) -> None:
        """A byte more, a nanosecond later."""
        assert self.identity is not None
        self.identity = Identity(self.identity.size + 1, self.identity.mtime_ns + 1, 1)


def test_a_file_at_rest_is_complete_once() -> None:
    """After the quiet time it is given out, and then no more."""
    disk, tracker = Disk(), StabilityTracker(5)
    tracker.notice(FILE, 0)
    assert tracker.complete(disk.look, 0) == []
    assert tracker.complete(disk.look, 4.9) == []
    assert tracker.complete(disk.look, 5) == [(FILE, disk.identity)]
    assert tracker.complete(disk.look, 100) == []


def test_a_file_that_is_still_growing_is_left_alone() -> None:
    """However long it takes, as long as it changes between two looks; no event is needed to see it."""
    disk, tracker = Disk(), StabilityTracker(5)
    tracker.notice(FILE, 0)
    for second in range(0, 3600, 4):
        disk.grow()
        assert tracker.complete(disk.look, second) == []
    looks = [tracker.complete(disk.look, second) for second in range(3600, 3610)]
    assert [look for look in looks if look] == [[(FILE, disk.identity)]]


def test_an_event_starts_the_quiet_time_anew() -> None:
    """A program that opens and closes a file many times has not finished."""
    disk, tracker = Disk(), StabilityTracker(5)
    for second in range(0, 60, 3):
        tracker.notice(FILE, second)
        assert tracker.complete(disk.look, second) == []
    assert tracker.complete(disk.look, 61) == []
    assert tracker.complete(disk.look, 62) != []


def test_a_file_that_grew_between_two_events_waits_once() -> None:
    """Most files are first looked at while they are being written."""
    disk, tracker = Disk(), StabilityTracker(5)
    tracker.notice(FILE, 0)
    assert tracker.complete(disk.look, 0) == []
    disk.grow()
    tracker.notice(FILE, 1)
    assert tracker.complete(disk.look, 1) == []
    assert tracker.complete(disk.look, 6) == [(FILE, disk.identity)]


def test_same_size_and_time_in_another_inode_is_another_file() -> None:
    """A file that was replaced has only just come."""
    disk, tracker = Disk(), StabilityTracker(5)
    tracker.notice(FILE, 0)
    tracker.complete(disk.look, 0)
    disk.identity = Identity(1, 1, 2)
    assert tracker.complete(disk.look, 5) == []
    assert tracker.complete(disk.look, 10) == [(FILE, disk.identity)]


def test_being_found_again_proves_nothing() -> None:
    """A scan that comes by more often than files settle does not keep them waiting."""
    disk, tracker = Disk(), StabilityTracker(5)
    for second in range(5):
        tracker.observe(FILE, second)
        assert tracker.complete(disk.look, second) == []
    assert tracker.complete(disk.look, 5) == [(FILE, disk.identity)]


def test_a_file_that_vanishes_is_forgotten() -> None:
    """A download that was given up leaves nothing to wait for."""
    disk, tracker = Disk(), StabilityTracker(5)
    tracker.notice(FILE, 0)
    tracker.complete(disk.look, 0)
    disk.identity = None
    assert tracker.complete(disk.look, 5) == []
    assert len(tracker) == 0
