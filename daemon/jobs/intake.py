"""The intake: what lies in the watched folders, compared with the journal, and entered there when it is complete."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog

from daemon.config.settings import Config, Folder
from daemon.files.identity import fingerprint, identify
from daemon.jobs.delivery import move_original
from daemon.journal.journal import Journal
from daemon.watch.watcher import Find, Watcher

_LOOKED_AT = 500
"""Files that are looked at before the service turns to its other duties."""
_LONGEST = 0.5
"""Seconds after which it does so in any case: reading from a slow disk takes its time."""

_log = structlog.get_logger()


class Intake:
    """Watches the configured folders."""

    def __init__(self, config: Config, journal: Journal, ring: Callable[[], None]) -> None:
        """Watch nothing yet; `ring` is called when there is more to look at."""
        self._journal = journal
        self._ring = ring
        self._watcher = Watcher(config.folders, config.watching, ring)
        self._finds: deque[Find] = deque()
        """Complete files that are not in the journal yet."""

    @property
    def is_waiting(self) -> bool:
        """Whether some file may come to rest soon."""
        return bool(self._finds) or self._watcher.is_waiting()

    def start(self) -> None:
        """Begin to watch."""
        self._watcher.start()

    def stop(self) -> None:
        """Watch no more."""
        self._watcher.stop()

    def rescan(self) -> None:
        """Look through all folders, from the beginning."""
        self._watcher.rescan()

    def next_scan(self) -> float:
        """When the next scan begins, by the monotonic clock."""
        return self._watcher.next_scan()

    def look_around(self) -> None:
        """Look at the next files of a scan."""
        found = self._watcher.look_around(time.monotonic(), _LOOKED_AT)
        for folder, path in found:
            self._look_at(folder, path)
        if found:
            self._ring()

    def take_in(self) -> None:
        """Enter complete files into the journal, as many as can be in a short time; the others' turn comes soon."""
        if not self._finds:
            self._finds.extend(self._watcher.complete(time.monotonic()))
        new: list[tuple[Find, str]] = []
        end = time.monotonic() + _LONGEST
        while self._finds and len(new) < _LOOKED_AT and time.monotonic() < end:
            find = self._finds.popleft()
            entry = self._journal.find(find.path, find.folder.input)
            content = None if entry is not None and entry.identity == find.identity else _content(find.path)
            if content is not None:
                new.append((find, content))
        if new:
            with self._journal.together():
                for find, content in new:
                    self._enter(find, content)
        if self._finds:
            self._ring()

    def _look_at(self, folder: Folder, path: Path) -> None:
        entry = self._journal.find(path, folder.input)
        if entry is None or identify(path) != entry.identity:
            self._watcher.observe(path, time.monotonic())
        elif entry.state == "done":
            move_original(entry, folder, self._journal)

    def _enter(self, find: Find, content: str) -> None:
        what = self._journal.add(find.path, find.folder.input, find.identity, content, time.time())
        if what != "same":
            _log.info("found" if what == "new" else "moved", file=str(find.path), size=find.identity.size)


def _content(path: Path) -> str | None:
    """A file's fingerprint, or why it cannot be read (the attempts will say so), or None if it is gone."""
    try:
        return fingerprint(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"unread: {error}"
