"""Run an iterator in a thread of its own, a limited number of items ahead of its reader."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

_POLL_SECONDS = 0.2
"""How often a thread that waits for a free place checks whether its reader has gone."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of the items: the error that ended the iterator, or None."""

    error: BaseException | None


@contextmanager
def prefetch(items: Iterable[Item], depth: int) -> Iterator[Iterator[Item]]:
    """Read `items` in a thread, at most `depth` items ahead of the reader.

    An error in the thread is raised to the reader after the items before it. The thread ends with the context.

    """
    buffer = _Buffer[Item](depth)
    thread = threading.Thread(target=buffer.fill, args=(items,), daemon=True)
    thread.start()
    try:
        yield buffer.read()
    finally:
        buffer.closed.set()
        thread.join()


class _Buffer(Generic[Item]):
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
        except BaseException as error:  # noqa: BLE001 (the reader handles it)
            self._put(_End(error))
        else:
            self._put(_End(None))

    def _put(self, item: Item | _End) -> bool:
        while not self.closed.is_set():
            try:
                self._queue.put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False
