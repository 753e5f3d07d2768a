"""Tests of daemon/jobs/retries.py: the clock is the test's."""

from pathlib import Path

from daemon.config.settings import Config, Folder, Watching
from daemon.config.work import Work
from daemon.jobs.retries import GiveUp, TryAgain, after_failure, after_interruption

CONFIG = Config(
    folders=(Folder(input=Path("/in"), output=Path("/out")),),
    watching=Watching(patience_seconds=600),
    work=Work(attempts=3, retry_seconds=30),
)


def test_a_failure_is_tried_again_with_growing_delay_and_then_ends() -> None:
    """30 s, 2 minutes, the end."""
    followings = [after_failure("failed", attempts, seen=0, now=1000, config=CONFIG) for attempts in (1, 2, 3)]
    assert followings == [TryAgain(1030, refund=False), TryAgain(1120, refund=False), GiveUp("failed")]


def test_what_is_no_photograph_is_skipped_at_once() -> None:
    """Once, quietly, without a retry."""
    assert after_failure("unsupported", 1, seen=0, now=0, config=CONFIG) == GiveUp("skipped")


def test_a_file_that_looks_cut_off_is_waited_for() -> None:
    """Until it has lain unchanged for ten minutes, at no attempt's cost; then it is as damaged as any other."""
    assert after_failure("truncated", 1, seen=1000, now=1010, config=CONFIG) == TryAgain(1600, refund=True)
    assert after_failure("truncated", 1, seen=1000, now=1600, config=CONFIG) == TryAgain(1630, refund=False)
    assert after_failure("truncated", 3, seen=1000, now=2000, config=CONFIG) == GiveUp("failed")


def test_what_is_interrupted_again_and_again_waits_longer_each_time() -> None:
    """At once after the first time; then other files come first, for ten minutes at most. It never fails of that."""
    due = [after_interruption(times, now=1000, config=CONFIG) for times in (1, 2, 3, 4, 9)]
    assert due == [1000, 1030, 1060, 1120, 1600]
