"""Tests of daemon/runtime/wakeup.py."""

import select

from daemon.runtime.wakeup import Wakeup


def wakes(wakeup: Wakeup) -> bool:
    """Whether a loop that waits for it continues."""
    return bool(select.select([wakeup.fileno()], [], [], 0)[0])


def test_a_loop_wakes_until_the_calls_are_cleared() -> None:
    """However many calls there were, also more than a pipe holds."""
    wakeup = Wakeup()
    assert not wakes(wakeup)
    for _ in range(100_000):
        wakeup.wake()
    assert wakes(wakeup)
    wakeup.clear()
    assert not wakes(wakeup)
