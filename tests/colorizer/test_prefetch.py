"""Tests of colorizer/prefetch.py."""

import itertools
import threading
from collections.abc import Iterator

import pytest

from colorizer.prefetch import prefetch


def test_items_come_in_order() -> None:
    """The reader sees what the iterator gives, all of it."""
    with prefetch(range(100), 3) as items:
        assert list(items) == list(range(100))


def test_an_error_is_raised_in_its_place() -> None:
    """Items before the error arrive; then the reader has it."""

    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with prefetch(failing(), 3) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_the_thread_runs_only_so_far_ahead() -> None:
    """With nobody reading, the thread stops after the depth, and ends with the context."""
    taken = itertools.count()
    seen: list[int] = []

    def counting() -> Iterator[int]:
        for number in taken:
            seen.append(number)
            yield number

    before = threading.active_count()
    with prefetch(counting(), 2) as items:
        assert next(items) == 0
        threading.Event().wait(0.3)
        assert len(seen) <= 5
    assert threading.active_count() == before
