"""When is a file complete? A tracker that owns neither clock nor disk: both are told to it.

A file is complete when it has been left alone for a while: no event named it, and its size, modification time and
inode stayed the same. An event alone proves nothing (some programs open and close a file many times while they write
it), nor does a single look (a slow copy pauses), nor does the absence of events (network mounts send none).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from daemon.files.identity import Identity


@dataclass(frozen=True, slots=True)
class _Watch:
    identity: Identity | None
    """At the last look; None before the first."""
    since: float
    """When it was last seen to change, or named by an event."""


class Settling:
    """Files that may still be growing."""

    def __init__(self, quiet: float) -> None:
        """Files settle after `quiet` seconds without a change."""
        self._quiet = quiet
        self._watched: dict[Path, _Watch] = {}

    def __len__(self) -> int:
        return len(self._watched)

    def observe(self, path: Path, now: float) -> None:
        """Have an eye on a file that a scan found; if it is watched already, that says nothing new."""
        self._watched.setdefault(path, _Watch(None, now))

    def notice(self, path: Path, now: float) -> None:
        """Take note of an event."""
        known = self._watched.get(path)
        self._watched[path] = _Watch(known.identity if known else None, now)

    def settled(self, look: Callable[[Path], Identity | None], now: float) -> list[tuple[Path, Identity]]:
        """Look at every file that is due, and give out those that have come to rest; vanished ones are forgotten."""
        complete: list[tuple[Path, Identity]] = []
        for path, watch in list(self._watched.items()):
            if now - watch.since < self._quiet and watch.identity is not None:
                continue
            identity = look(path)
            if identity is None:
                del self._watched[path]
            elif identity != watch.identity:
                self._watched[path] = _Watch(identity, now)
            elif now - watch.since >= self._quiet:
                del self._watched[path]
                complete.append((path, identity))
        return complete
