"""Run an iterator in a thread of its own, a bounded number of steps ahead of its reader."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

_LOOK = 0.2
"""Seconds after which a thread that waits for room looks whether its reader has gone."""


@dataclass(frozen=True, slots=True)
class _End:
    """After the last item: the error that ended the iterator, or None."""

    error: BaseException | None


@contextmanager
def ahead(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """Read `items` in a thread, at most `depth` of them ahead.

    What the thread raises is raised to the reader, in its place. The thread has ended when the context has.

    """
    line = _Line[Item](depth)
    thread = threading.Thread(target=line.fill, args=(items,), daemon=True)
    thread.start()
    try:
        yield line.read()
    finally:
        line.closed.set()
        thread.join()


class _Line(Generic[Item]):
    """The items between the two threads."""

    def __init__(self, depth: int) -> None:
        self.closed = threading.Event()
        self._queue: queue.Queue[Item | _End] = queue.Queue(depth)

    def read(self) -> Iterator[Item]:
        while not isinstance(item := self._queue.get(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def fill(self, items: Iterable[Item]) -> None:
        try:
            for item in items:
                if not self._put(item):
                    return
        except BaseException as error:  # noqa: BLE001 (it is the reader's to handle)
            self._put(_End(error))
        else:
            self._put(_End(None))

    def _put(self, item: Item | _End) -> bool:
        while not self.closed.is_set():
            try:
                self._queue.put(item, timeout=_LOOK)
            except queue.Full:
                continue
            return True
        return False
