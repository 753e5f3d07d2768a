"""Tells when a file is complete. It reads neither the clock nor the disk: the caller passes both.

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
class _Observation:
    identity: Identity | None
    """Identity at the last look; None if there was none since the last event."""
    since: float
    """When the file last changed, or an event named it."""


class StabilityTracker:
    """Files that may still be growing."""

    def __init__(self, quiet: float) -> None:
        """Files are complete after `quiet` seconds without a change."""
        self._quiet = quiet
        self._tracked: dict[Path, _Observation] = {}

    def __len__(self) -> int:
        return len(self._tracked)

    def observe(self, path: Path, now: float) -> None:
        """Track a file that a scan found; for a tracked file this changes nothing."""
        self._tracked.setdefault(path, _Observation(None, now))

    def notice(self, path: Path, now: float) -> None:
        """Track a file that an event named; its quiet time begins again, with its identity at the next look."""
        self._tracked[path] = _Observation(None, now)

    def complete(self, look: Callable[[Path], Identity | None], now: float) -> list[tuple[Path, Identity]]:
        """Look at each file that is due; stop tracking those that are complete, which are returned, or gone.

        Args:
            look: returns the present identity of a file; None where it is gone. TimeoutError: it is not known.
            now: seconds, by the same clock as in the other calls.

        """
        complete: list[tuple[Path, Identity]] = []
        for path, observation in list(self._tracked.items()):
            if now - observation.since < self._quiet and observation.identity is not None:
                continue
            try:
                identity = look(path)
            except TimeoutError:
                continue
            if identity is None:
                del self._tracked[path]
            elif identity != observation.identity:
                self._tracked[path] = _Observation(identity, now)
            elif now - observation.since >= self._quiet:
                del self._tracked[path]
                complete.append((path, identity))
        return complete
