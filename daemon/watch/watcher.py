"""The watched folders: events and scans, and which files in them are complete."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.config.settings import Folder, Watching
from daemon.files.identity import Identity, identify
from daemon.watch.file_events import Lookout
from daemon.watch.file_filter import is_linked, walk, wanted_at, wants
from daemon.watch.settling import Settling

_ROOM = 5000
"""Files that may be under observation at a time; the others wait in their folders."""
_SHARE = 0.1
"""Scans take at most this share of the time, however many files there are."""


@dataclass(frozen=True, slots=True)
class Find:
    """A complete file."""

    folder: Folder
    path: Path
    """Absolute."""
    identity: Identity


class Watcher:
    """Finds files. Events are hints; what a scan sees is the truth."""

    def __init__(self, folders: tuple[Folder, ...], watching: Watching, ring: Callable[[], None]) -> None:
        """Watch folders; `ring` is called, in another thread, at each event."""
        self._folders = folders
        self._watching = watching
        self._settling = Settling(watching.settle_seconds)
        self._lookout = Lookout(folders, ring) if watching.method == "events" else None
        self._scan: Iterator[tuple[Folder, Path]] | None = None
        self._next_scan = 0.0

    def start(self) -> None:
        """Begin to listen for events, where that is configured."""
        if self._lookout is not None:
            self._lookout.start()

    def stop(self) -> None:
        """Listen no more."""
        if self._lookout is not None:
            self._lookout.stop()

    def look_around(self, now: float, most: int) -> list[tuple[Folder, Path]]:
        """Go on with the scan of all folders, or begin one when it is time.

        Args:
            now: a monotonic clock's.
            most: files to look at before the service turns to its other duties.

        Returns:
            Files that lie there, new or known; none when the scan has ended, or while enough are under observation.

        """
        if self._lookout is not None and self._lookout.missed():
            self._next_scan = min(self._next_scan, now + self._watching.settle_seconds)
        if self._scan is None and now >= self._next_scan:
            self._scan = self.scan()
        found: list[tuple[Folder, Path]] = []
        while self._scan is not None and len(found) < most and len(self._settling) + len(found) < _ROOM:
            file = next(self._scan, None)
            if file is None:
                self._scan = None
            else:
                found.append(file)
        return found

    def scan(self) -> Iterator[tuple[Folder, Path]]:
        """All files in the watched folders that are wanted; at its end it is known when the next one is due."""
        begun = time.monotonic()
        entered: set[int] = set()
        for folder in self._folders:
            for path in walk(folder, folder.input, lambda found: entered.add(found.st_ino)):
                yield folder, path
            if folder.links == "follow":
                entered.clear()
        again = self._lookout is not None and self._lookout.check(entered)
        now = time.monotonic()
        by_polling = self._lookout is None or self._lookout.is_deaf or again
        pause = self._watching.poll_seconds if by_polling else self._watching.rescan_seconds
        self._next_scan = now + max(pause, (now - begun) / _SHARE)

    def rescan(self) -> None:
        """Have the next scan begin at once."""
        self._next_scan = 0.0

    def next_scan(self) -> float:
        """When the next scan begins, by the monotonic clock."""
        return self._next_scan

    def observe(self, path: Path, now: float) -> None:
        """Have an eye on a file until it is complete."""
        self._settling.observe(path, now)

    def complete(self, now: float) -> list[Find]:
        """Files that have come to rest since the last call; `now` is a monotonic clock's."""
        if self._lookout is not None and len(self._settling) < _ROOM:
            for path in self._lookout.take():
                self._follow(path, now)
        settled = self._settling.settled(self._look, now)
        return [
            Find(folder, path, identity)
            for path, identity in settled
            for folder in self._folders
            if wants(folder, path)
        ]

    def is_waiting(self) -> bool:
        """Whether some file may come to rest soon, or a scan is under way."""
        return len(self._settling) > 0 or self._scan is not None

    def _follow(self, hint: Path, now: float) -> None:
        """Have an eye on what a hint leads to."""
        for folder in self._folders:
            for found in wanted_at(folder, hint):
                if len(self._settling) >= _ROOM:
                    self._next_scan = min(self._next_scan, now + self._watching.settle_seconds)
                    return
                self._settling.notice(found, now)

    def _look(self, path: Path) -> Identity | None:
        """A file's identity, or None where it is gone, or has become a link that is not to be followed."""
        linked = any(is_linked(folder, path) for folder in self._folders if path.is_relative_to(folder.input))
        return None if linked else identify(path)
