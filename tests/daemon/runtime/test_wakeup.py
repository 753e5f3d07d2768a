"""Tests of daemon/runtime/wakeup.py."""

import select

from daemon.runtime.wakeup import Bell


def rings(bell: Bell) -> bool:
    """Whether somebody waits no longer."""
    return bool(select.select([bell.fileno()], [], [], 0)[0])


def test_a_bell_rings_until_it_is_silenced() -> None:
    """However often it was rung: more than a pipe holds, too."""
    bell = Bell()
    assert not rings(bell)
    for _ in range(100_000):
        bell.ring()
    assert rings(bell)
    bell.silence()
    assert not rings(bell)
